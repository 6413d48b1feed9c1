import type { Claims } from '../claims.ts'
import { DbtOidcError, fail } from '../errors.ts'
import { claimsOf as claimsElsewhere, nameable, type OtherIssuer } from '../other-issuer.ts'
import { quoted } from '../policy/visible.ts'
import { parseObject, type JsonObject } from '../token/json.ts'
import { takeApart } from '../token/parts.ts'
import { scalars } from '../token/shape.ts'

/** What a text says of itself. Nobody has checked its signature, so it serves to explain and never to let anybody in. */
export interface Unverified {
  readonly claims: Claims
  /** Why the gate of the step would refuse it, whatever the grants say. */
  readonly refusals: readonly string[]
  readonly notes: readonly string[]
}

/** Reads a token, or its claims as JSON. Throws `token-format`; no part of the text is repeated but its claims. */
export function unverified(
  text: string,
  { issuer, other, now }: { issuer: string; other?: OtherIssuer | undefined; now: Date },
): Unverified {
  const trimmed = text.trim()
  const payload = trimmed.startsWith('{') ? parseObject(Buffer.from(trimmed)) : payloadOf(trimmed)
  if (typeof payload === 'string')
    return fail({
      code: 'token-format',
      problem: `What --token names ${payload}.`,
      remedy: 'Give a file with a token as it is, or with its claims as one JSON object.',
    })
  const claims = claimsOf(payload, other)
  return {
    claims,
    refusals: [...(trimmed.startsWith('{') ? [] : formRefusals(trimmed)), ...issuerRefusals(payload, issuer)],
    notes: ageNotes(payload, now),
  }
}

function payloadOf(token: string): JsonObject | string {
  const [, body, ...rest] = token.split('.')
  if (!body || rest.length !== 1) return 'is neither a token nor a JSON object'
  const payload = parseObject(Buffer.from(body, 'base64url'))
  return typeof payload === 'string' ? `has a payload that ${payload}` : payload
}

function claimsOf(payload: JsonObject, other: OtherIssuer | undefined): Claims {
  const word = (name: string): string => (typeof payload[name] === 'string' ? payload[name] : '')
  const instant = (name: string): number => (typeof payload[name] === 'number' ? payload[name] : 0)
  const aud = Array.isArray(payload['aud']) ? String(payload['aud'][0] ?? '') : word('aud')
  const all = other ? claimsElsewhere(payload, other).set('aud', aud) : scalars(payload, aud)
  return {
    ...(other && { from: other.name, nameable: nameable(other) }),
    iss: word('iss'),
    sub: word('sub'),
    aud,
    jti: word('jti'),
    iat: instant('iat'),
    exp: instant('exp'),
    all,
  }
}

function formRefusals(token: string): readonly string[] {
  try {
    takeApart(token)
    return []
  } catch (error) {
    if (!(error instanceof DbtOidcError)) throw error
    return [error.problem.replace("text that GitHub's endpoint gave as an ID token", 'token')]
  }
}

function issuerRefusals(payload: JsonObject, issuer: string): readonly string[] {
  const { iss } = payload
  if (iss === undefined || iss === issuer) return []
  return [
    `Its issuer is ${quoted(typeof iss === 'string' ? iss : JSON.stringify(iss))}, not ${quoted(issuer)}.`,
  ]
}

function ageNotes({ exp }: JsonObject, now: Date): readonly string[] {
  if (typeof exp !== 'number') return []
  const at = new Date(exp * 1000)
  if (Number.isNaN(at.getTime())) return []
  return at < now ? [`It expired at ${at.toISOString()}; a run gets a fresh one.`] : []
}
