import type { IdToken } from '../../src/claims.ts'
import { DbtOidcError } from '../../src/errors.ts'
import { createHttp, type Http } from '../../src/http.ts'
import { rehearsalOf, type Rehearsal } from '../../src/rehearsal.ts'
import { verifyIdToken } from '../../src/token/gate.ts'
import { createKeys, type Keys, type KeyTimings } from '../../src/token/keys.ts'
import { tokenCases, type TokenCase } from '../hostile/token.ts'
import { startIssuer, type Issuer } from './issuer.ts'

/** The audience that the tests configure. */
export const audience = 'mine'

/** An issuer with everything that verifies its tokens. */
export interface Setup extends AsyncDisposable {
  readonly issuer: Issuer
  readonly rehearsal: Rehearsal | undefined
  readonly http: Http
  readonly keys: Keys
  /** Passes a text through the gate, at a time of the test's choice. */
  readonly verify: (text: unknown, options?: Verifying) => Promise<IdToken>
  /** Requests of discovery and keys so far. */
  readonly fetched: () => { readonly discovery: number; readonly jwks: number }
}

export interface Verifying {
  readonly issuer?: string
  readonly audience?: string
  readonly now?: Date
}

/** Starts an issuer of real RSA keys; `keys` are the timings of fetching them. `now` is the local clock. */
export async function setUp(
  keyTimings: Partial<KeyTimings> = {},
  now: () => Date = () => new Date(),
): Promise<Setup> {
  const issuer = await startIssuer()
  const rehearsal = rehearsalOf(issuer.serverUrl)
  const http = createHttp({ rehearsal, env: {} })
  const keys = createKeys({ issuer: issuer.issuer, http, now, timings: { firstPause: 1, ...keyTimings } })
  const count = (path: string): number =>
    issuer.requests.filter((request) => request.path.endsWith(path)).length
  return {
    issuer,
    rehearsal,
    http,
    keys,
    verify: (text, options = {}) =>
      verifyIdToken(text, {
        issuer: issuer.issuer,
        audience,
        keys,
        ...options,
        now: () => options.now ?? now(),
      }),
    fetched: () => ({ discovery: count('/openid-configuration'), jwks: count('/jwks') }),
    [Symbol.asyncDispose]: () => issuer.close(),
  }
}

/** The error that a promise ends with; throws where it ends well or with a fault. */
export async function failureOf(promise: Promise<unknown>): Promise<DbtOidcError> {
  try {
    await promise
  } catch (error) {
    if (error instanceof DbtOidcError) return error
    throw error
  }
  throw new Error('it was accepted')
}

/** The code of the error that a promise ends with. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  return (await failureOf(promise)).code
}

/** Everything of an error that somebody may print. */
export function printed(error: DbtOidcError): string {
  const cause = error.cause instanceof Error ? error.cause.message : ''
  return [error.problem, error.remedy, ...error.details, error.message, cause].join('\n')
}

/** The cases of one class, to be named by the tests that prove them. */
export interface Cases {
  /** Number and name of a case; throws where there is no such case or it has been named before. */
  readonly named: (number: string) => string
  /** Cases that no test has named. */
  readonly unproved: () => readonly string[]
}

/** The cases of a class of the corpus. */
export function casesOf(wanted: TokenCase['class']): Cases {
  const open = new Map(tokenCases.filter((one) => one.class === wanted).map(({ id, name }) => [id, name]))
  return {
    named(number) {
      const id = `${wanted}-${number}`
      const name = open.get(id)
      if (name === undefined || !open.delete(id)) {
        throw new Error(`${id} is no case, or one that was proven before`)
      }
      return `${number}: ${name}`
    },
    unproved: () => [...open.keys()],
  }
}
