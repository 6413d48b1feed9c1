import { isDeepStrictEqual } from 'node:util'
import type { IdToken, Mint } from '../claims.ts'
import type { Http } from '../http.ts'
import type { OtherIssuer } from '../other-issuer.ts'
import type { Rehearsal } from '../rehearsal.ts'
import { type Admitted, admit, checkExpected } from './gate.ts'
import { type JsonObject, parseObject } from './json.ts'
import { createKeys, type KeyTimings } from './keys.ts'
import { refuse } from './parts.ts'
import { inOtherWords } from './other.ts'
import { type Ask, requestToken, type RequestTimings } from './request.ts'

/** The tokens of one run. */
export interface Tokens {
  /** The decision token: asked for once, and again the same at each later call. */
  decision(audience: string): Promise<IdToken>
  /** Fresh tokens that agree with the decision token. */
  readonly mint: Mint
  /** All that the decision token says, as JSON: what {@link continueTokens} compares with. */
  decided(): Promise<string>
}

/** What {@link createTokens} depends on. */
export interface TokensOptions {
  /** `getIDToken` of GitHub's toolkit. */
  readonly ask: Ask
  /** From `issuerOf`, or that of `other`. */
  readonly issuer: string
  /** Where the tokens are not GitHub's: `ask` then gives what the job holds, which may be the same token again. */
  readonly other?: OtherIssuer | undefined
  readonly http: Http
  readonly now: () => Date
  /** Called with every text that may be a token, before anything else is done with it. */
  readonly mask: (secret: string) => void
  readonly rehearsal: Rehearsal | undefined
  readonly signal?: AbortSignal
  readonly timings?: { readonly request?: Partial<RequestTimings>; readonly keys?: Partial<KeyTimings> }
}

/** Milliseconds for which the decision token may still serve as the first exchange's token. */
const stillFresh = 60_000

/** What differs by nature between two tokens of one job; anything else that differs is another identity. */
const perToken = new Set(['aud', 'iat', 'nbf', 'exp', 'jti'])

/** The tokens of a run: one decides, every later one must say the same. Throws the errors of request and gate, and `token-changed`. */
export function createTokens(options: TokensOptions): Tokens {
  const { now } = options
  const fresh = openEndpoint(options)
  let decision: Promise<Admitted> | undefined
  let spare: { readonly token: IdToken; readonly at: number; readonly since: number } | undefined

  async function decide(audience: string): Promise<Admitted> {
    const admitted = await fresh(audience)
    spare = { token: admitted.token, at: now().getTime(), since: performance.now() }
    return admitted
  }

  const decided = (): Promise<Admitted> => {
    if (!decision) throw new Error('A token was asked for before the decision token.')
    return decision
  }
  return {
    async decision(audience) {
      decision ??= decide(audience)
      return (await decision).token
    },
    async mint(audience) {
      const first = await decided()
      const kept = spare
      if (kept?.token.claims.aud === audience) {
        spare = undefined
        // Whichever clock says more: one can be set, and the other stands still while a machine sleeps.
        const age = Math.max(now().getTime() - kept.at, performance.now() - kept.since)
        if (age < stillFresh) return kept.token
      }
      const next = await fresh(audience)
      agree(first.payload, next.payload)
      return next.token
    },
    decided: async () => JSON.stringify((await decided()).payload),
  }
}

/** Fresh tokens of the same job in a later process: they must agree with what the first one has `decided` on. */
export function continueTokens(decided: string, options: TokensOptions): Mint {
  const first = parseObject(Buffer.from(decided))
  if (typeof first === 'string') throw new Error(`What was decided on ${first}.`)
  const fresh = openEndpoint(options)
  return async (audience) => {
    const next = await fresh(audience)
    agree(first, next.payload)
    return next.token
  }
}

/** Each call is a new token that has passed the gate. */
function openEndpoint(options: TokensOptions): (audience: string) => Promise<Admitted> {
  if (options.other) return openHolder(options, options.other)
  const { issuer, http, now, timings } = options
  const keys = createKeys({ issuer, http, now, ...(timings?.keys && { timings: timings.keys }) })
  const seen = new Set<string>()
  return async (audience) => {
    checkExpected({ issuer, audience })
    if (seen.size === 0) keys.warm() // while GitHub makes the token
    const text = await requestToken(audience, options)
    const admitted = await admit(text, { issuer, audience, now, keys })
    const { jti } = admitted.token.claims
    // A token that was used may be kept by whoever took it: each use needs one of its own.
    if (seen.has(jti)) refuse('token-changed', "GitHub's endpoint gave the same token twice.")
    seen.add(jti)
    return admitted
  }
}

/** A token that the job was given: read anew at each call, since whoever gives it may have replaced it. */
function openHolder(options: TokensOptions, other: OtherIssuer): (audience: string) => Promise<Admitted> {
  const { issuer, http, now, timings, ask, mask } = options
  const keys = createKeys({ issuer, http, now, ...(timings?.keys && { timings: timings.keys }) })
  return async (audience) => {
    checkExpected({ issuer, audience })
    const text = await ask(audience)
    mask(text)
    try {
      return await admit(text, { issuer, audience, other, now, keys })
    } catch (error) {
      throw inOtherWords(error, other)
    }
  }
}

/** A grant was decided on these claims; a token that says otherwise has not been decided on. */
function agree(first: JsonObject, next: JsonObject): void {
  const names = new Set([...Object.keys(first), ...Object.keys(next)])
  const changed = [...names].filter((name) => !perToken.has(name) && !same(first, next, name))
  if (changed.length === 0) return
  const list = changed.map((name) => (/^\w{1,64}$/.test(name) ? name : 'an oddly named claim')).join(', ')
  refuse(
    'token-changed',
    `A later token of this job differs from the one on which the grant was decided, in: ${list}.`,
  )
}

function same(first: JsonObject, next: JsonObject, name: string): boolean {
  return Object.hasOwn(first, name) && Object.hasOwn(next, name) && isDeepStrictEqual(first[name], next[name])
}
