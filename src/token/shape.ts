import * as z from 'zod/mini'
import type { Claims } from '../claims.ts'
import type { JsonObject } from './json.ts'
import { audienceRemedy, claimsOf, nameable, type OtherIssuer } from '../other-issuer.ts'
import { refuse } from './parts.ts'

/** Whom a token must come from and whom it must be for. */
export interface Expected {
  readonly issuer: string
  readonly audience: string
  /** The same issuer as the policy declares it, where it is not GitHub. */
  readonly other?: OtherIssuer | undefined
}

/** Stands for the `jti` of a token that has none. */
const NO_ID = 'none'

const text = z.string().check(z.minLength(1))
/** Seconds since the epoch. Fractions are legal in a JWT, but a date that is rounded is a date that two readers read twice. */
const instant = z.int().check(z.positive())

const Shape = z.object({
  iss: text,
  sub: text,
  // One audience only: a token for two is good at a place that we never heard of. [x] is another spelling of x.
  aud: z.union([text, z.tuple([text])]),
  jti: text,
  iat: instant,
  exp: instant,
  nbf: z.optional(instant),
})

/** Not every issuer numbers its tokens; Kubernetes does since 1.29. */
const OtherShape = z.extend(Shape, { jti: z._default(text, NO_ID) })

/** The claims of a payload with issuer, audience and shape checked, but neither signature nor times. Throws `token-claims`. */
export function readClaims(
  payload: JsonObject,
  { issuer, audience, other }: Expected,
): Claims & { nbf?: number | undefined } {
  const parsed = (other ? OtherShape : Shape).safeParse(payload)
  if (!parsed.success) return wrongShape(payload, String(parsed.error.issues[0]?.path[0] ?? ''))
  const { iss, sub, jti, iat, exp, nbf } = parsed.data
  const [aud] = typeof parsed.data.aud === 'string' ? [parsed.data.aud] : parsed.data.aud
  if (iss !== issuer) return other ? notFrom(iss, other) : wrongIssuer(iss, issuer)
  if (aud !== audience) {
    return refuse(
      'token-claims',
      `The token is ${forWhom(aud)}, not for the audience ${audience} that ${other ? 'the target wants' : 'was asked for'}.`,
      other && audienceRemedy(other, audience),
    )
  }
  if (other)
    return {
      from: other.name,
      nameable: nameable(other),
      iss,
      sub,
      aud,
      jti,
      iat,
      exp,
      nbf,
      all: claimsOf(payload, other).set('aud', aud),
    }
  return { iss, sub, aud, jti, iat, exp, nbf, all: scalars(payload, aud) }
}

/** Every claim that a grant can compare, as text. */
export function scalars(payload: JsonObject, aud: string): ReadonlyMap<string, string> {
  const all = new Map<string, string>()
  for (const [name, value] of Object.entries(payload)) {
    // A number beyond 2^53 has already lost digits: as an id it would be somebody else's.
    if (typeof value === 'string' || typeof value === 'boolean' || Number.isSafeInteger(value))
      all.set(name, String(value))
  }
  return all.set('aud', aud)
}

function wrongShape(payload: JsonObject, name: string): never {
  const problem = Object.hasOwn(payload, name)
    ? `The claim "${name}" of the token is not of the kind that it must be (one non-empty text, or a whole number of seconds).`
    : `The token has no claim "${name}".`
  return refuse('token-claims', problem)
}

function wrongIssuer(actual: string, issuer: string): never {
  const slug = actual.startsWith(`${issuer}/`) && plain(actual)
  return refuse(
    'token-claims',
    `The token comes from ${plain(actual) ? actual : 'another issuer'}, not from ${issuer}.`,
    slug
      ? `Your enterprise has an issuer of its own: set \`issuer: ${actual}\` if that is intended.`
      : undefined,
  )
}

function notFrom(actual: string, { name, url }: OtherIssuer): never {
  return refuse(
    'token-claims',
    `The token comes from ${plain(actual) ? actual : 'another issuer'}, not from ${url}.`,
    `Name its issuer with --issuer, or correct \`issuers.${name}.url\`: it must be the \`iss\` claim to the letter.`,
  )
}

function forWhom(actual: string): string {
  return plain(actual) ? `for ${actual}` : 'for another audience'
}

/** Whether a text that nobody has vouched for may stand in a message. */
function plain(value: string): boolean {
  return /^[\w.:/@-]{1,200}$/.test(value)
}
