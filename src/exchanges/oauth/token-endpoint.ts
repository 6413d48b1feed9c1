import * as z from 'zod/mini'
import { isToken, type Bearer } from '../../credential.ts'
import { fail } from '../../errors.ts'
import type { Io } from '../../exchange.ts'
import type { HttpResponse } from '../../http.ts'
import { jsonIn } from '../../json.ts'
import { attemptFailed, isTransient, retryAfterOf, type Class } from '../../retry.ts'
import { without } from '../../http/without.ts'

/** One request to a token or revocation endpoint; the order of the parameters is kept. */
export interface Ask {
  readonly url: string
  readonly parameters: readonly (readonly [name: string, value: string])[]
  /** Texts of the parameters that must not come back in a sentence. */
  readonly secrets: readonly string[]
  /** Who answers, as sentences name it. */
  readonly who: string
  /** What another try is worth after an error that the other side names. */
  readonly worth?: (error: OAuthError) => Class | undefined
}

/** What RFC 6749 5.2 lets an authorization server say of a refusal. */
export interface OAuthError {
  readonly code: string
  readonly description: string
}

/** Milliseconds for one request. */
const DEADLINE = 15_000

/** RFC 6749 5.1 and RFC 8693 2.2.1. Nothing else is read: what renews itself without a token (a refresh token) is no use to us. */
const granted = z.object({
  access_token: z.string().check(z.refine(isToken)),
  token_type: z.string(),
  expires_in: z.optional(z.union([z.number(), z.string()])),
})

/** RFC 6749 5.2, and how Databricks and Okta spell it. */
const refused = z.object({
  error: z.optional(z.string()),
  error_description: z.optional(z.string()),
  errorCode: z.optional(z.string()),
  errorSummary: z.optional(z.string()),
})

/** Asks a token endpoint once. Throws `exchange` or `exchange-unavailable`, each saying what another try is worth. */
export async function askForToken(ask: Ask, io: Io, left: number): Promise<Bearer> {
  const asked = io.now()
  const answer = await post(ask, io, left)
  if (answer.status !== 200) throw refusal(answer, ask, io)
  const parsed = granted.safeParse(jsonIn(answer.body))
  if (!parsed.success) return unreadable(ask)
  const { access_token: token, token_type: type, expires_in: seconds } = parsed.data
  io.mask(token)
  // N_A is what RFC 8693 says where the token is not presented as a bearer of OAuth, as for a database.
  if (!/^(bearer|n_a)$/i.test(type)) return notBearer(type, ask)
  const life = Number(seconds ?? Number.NaN)
  return {
    kind: 'bearer',
    token,
    expiresAt: Number.isFinite(life) ? new Date(asked.getTime() + life * 1000) : null,
  }
}

/** Asks a revocation endpoint (RFC 7009) once: 200 also for a token that it does not know. */
export async function askToRevoke(ask: Ask, io: Io): Promise<void> {
  const answer = await post(ask, io, DEADLINE)
  if (answer.status !== 200) throw refusal(answer, ask, io)
}

function post({ url, parameters }: Ask, io: Io, left: number): Promise<HttpResponse> {
  return io.http({
    url,
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    body: new URLSearchParams(parameters.map(([name, value]): [string, string] => [name, value])).toString(),
    deadline: Math.min(DEADLINE, left),
    ...(io.signal && { signal: io.signal }),
  })
}

function refusal(answer: HttpResponse, ask: Ask, io: Io): Error {
  const retryAfter = retryAfterOf(answer.headers['retry-after'], io.now(), answer.status)
  if (isTransient(answer.status)) {
    const problem = `${ask.who} answered with status ${answer.status}.`
    const remedy = 'Run the job again later.'
    return attemptFailed({ code: 'exchange-unavailable', problem, remedy }, { transient: true, retryAfter })
  }
  const error = errorOf(answer.body, ask.secrets)
  const named = error ? `: ${error.code} (status ${answer.status})` : ` with status ${answer.status}`
  return attemptFailed(
    {
      code: 'exchange',
      problem: `${ask.who} refused the request${named}.`,
      remedy: 'Compare the claims of the token with what is trusted there (issuer, subject, audience).',
      details: error ? linesOf(error.description) : [],
    },
    (error && ask.worth?.(error)) ?? { transient: false },
  )
}

/** The other side's own words. */
function errorOf(body: string, secrets: readonly string[]): OAuthError | undefined {
  const parsed = refused.safeParse(jsonIn(body))
  if (!parsed.success) return undefined
  const { error, error_description, errorCode, errorSummary } = parsed.data
  const code = error ?? errorCode
  if (code === undefined) return undefined
  return {
    code: without(code, secrets),
    description: without(error_description ?? errorSummary ?? '', secrets),
  }
}

function linesOf(text: string): readonly string[] {
  return text.split(/[\r\n]+/).filter((line) => line.trim() !== '')
}

function unreadable({ who }: Ask): never {
  return fail({
    code: 'exchange',
    problem: `${who} answered with something that is no OAuth 2.0 token response.`,
    remedy: 'Check that the address is that of the token endpoint (RFC 6749 5.1).',
  })
}

function notBearer(type: string, { who }: Ask): never {
  return fail({
    code: 'exchange',
    problem: `${who} gave a token of the type ${JSON.stringify(type.slice(0, 40))}, which no warehouse takes.`,
    remedy: 'Let the client get bearer tokens (RFC 6750).',
  })
}
