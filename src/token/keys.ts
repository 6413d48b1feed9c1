import type { KeyObject } from 'node:crypto'
import { DbtOidcError } from '../errors.ts'
import type { Http, HttpResponse } from '../http.ts'
import { attemptFailed, classOf, isTransient, isUnanswered, retry, retryAfterOf } from '../retry.ts'
import { type Fault, jwksUriOf, keysOf } from './jwks.ts'

/** The keys of one issuer, fetched when first needed and kept for as long as the process lives. */
export interface Keys {
  /** The key of this kid. A kid that is not known buys one refresh per cooldown. Throws `keys`. */
  find(kid: string): Promise<KeyObject>
  /** Starts to fetch them, so that they are there when the token is; a failure is left for `find` to tell. */
  warm(): void
  /** The issuer's clock minus ours in seconds, from the `Date` of its last answer; undefined before there was one. */
  ahead(): number | undefined
}

/** Milliseconds. */
export interface KeyTimings {
  /** For one fetch of discovery and keys, with all its tries. */
  readonly total: number
  readonly cooldown: number
  readonly firstPause: number
}

/** What {@link createKeys} depends on. */
export interface KeysOptions {
  readonly issuer: string
  readonly http: Http
  readonly now: () => Date
  readonly timings?: Partial<KeyTimings>
}

type Found = ReadonlyMap<string, KeyObject>

const usual: KeyTimings = { total: 30_000, cooldown: 60_000, firstPause: 150 }

/** Milliseconds for one request; GitHub answers in a tenth of a second. */
const PER_TRY = 10_000

/** The keys of an issuer by discovery (OpenID Connect Discovery 1.0), on the issuer's own origin only. */
export function createKeys(options: KeysOptions): Keys {
  const { issuer } = options
  const { total, cooldown, firstPause } = { ...usual, ...options.timings }
  const source = openSource(options)
  let copy: Found | undefined
  let loading: Promise<Found> | undefined
  let missed = Number.NEGATIVE_INFINITY

  function load(): Promise<Found> {
    loading ??= retry(source.fetch, { tries: 3, first: firstPause, longest: 1000, total })
      .then((found) => (copy = found)) // a failure leaves the earlier copy in place
      .catch((error: unknown) => unavailable(issuer, error))
      .finally(() => (loading = undefined))
    return loading
  }

  async function refresh(): Promise<Found | undefined> {
    if (loading) return loading
    // A stranger can invent kids without end; the issuer must not pay for that.
    if (performance.now() - missed < cooldown) return undefined
    missed = performance.now()
    return load()
  }

  return {
    async find(kid) {
      const asked = copy === undefined && loading === undefined
      const known = (copy ?? (await load())).get(kid)
      if (known) return known
      // Keys that were fetched for this very question need not be fetched again for it.
      if (asked) missed = performance.now()
      return (await refresh())?.get(kid) ?? unknownKey(issuer)
    },
    warm: () => void load().catch(() => undefined),
    ahead: source.ahead,
  }
}

interface Source {
  /** Fetches the keys anew, within so many milliseconds. */
  readonly fetch: (left: number) => Promise<Found>
  readonly ahead: () => number | undefined
}

function openSource({ issuer, http, now }: KeysOptions): Source {
  let ahead: number | undefined
  let jwksUri: string | undefined

  async function get(url: string, left: number): Promise<HttpResponse> {
    const answer = await http({
      url,
      headers: { accept: 'application/json' },
      deadline: Math.min(left, PER_TRY),
    })
    ahead = clockOf(answer, now()) ?? ahead
    if (answer.status === 200) return answer
    // Redirects end here like any other status: they would lead away from the issuer's origin.
    const flaw = { flaw: `it answered with status ${answer.status}`, transient: isTransient(answer.status) }
    throw flawed(issuer, flaw, retryAfterOf(answer.headers['retry-after'], now()))
  }

  return {
    async fetch(left) {
      const end = performance.now() + left
      if (jwksUri === undefined) {
        const uri = jwksUriOf(
          (await get(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, left)).body,
          issuer,
        )
        if (typeof uri !== 'string') throw flawed(issuer, uri)
        jwksUri = uri
      }
      const found = keysOf((await get(jwksUri, end - performance.now())).body)
      if ('flaw' in found) throw flawed(issuer, found)
      return found
    },
    ahead: () => ahead,
  }
}

/** `Age` counts what a cache has added since the origin wrote `Date` (RFC 9111 5.1). */
function clockOf({ headers }: HttpResponse, now: Date): number | undefined {
  const date = Date.parse(headers['date'] ?? '')
  const age = Number(headers['age'] ?? 0)
  const ahead = date / 1000 + age + 0.5 - now.getTime() / 1000 // half of the second that `Date` rounds off
  return Number.isFinite(ahead) ? ahead : undefined
}

function flawed(issuer: string, { flaw, transient }: Fault, retryAfter?: number): DbtOidcError {
  return attemptFailed(
    { code: 'keys', problem: `The keys of the issuer ${issuer} cannot be used: ${flaw}.`, remedy },
    { transient, retryAfter },
  )
}

function unavailable(issuer: string, error: unknown): never {
  if (!(error instanceof DbtOidcError) || !isUnanswered(error.code)) throw error
  const problem = `The keys of the issuer ${issuer} could not be had: ${error.problem}`
  throw attemptFailed({ code: 'keys', problem, remedy: error.remedy, cause: error }, classOf(error))
}

function unknownKey(issuer: string): never {
  throw new DbtOidcError({
    code: 'keys',
    problem: `The token names a key that the issuer ${issuer} does not have.`,
    remedy,
  })
}

const remedy =
  'Run the job again. If it stays, check that what answers at the issuer really is GitHub (GitHub Enterprise Server: the state of its Actions service).'
