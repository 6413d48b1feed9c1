import * as z from 'zod/mini'
import { type Code, fail } from '../errors.ts'
import { type JsonObject, parseObject } from './json.ts'

/** A JWT (RFC 7519) in compact form, decoded and not yet believed. */
export interface Parts {
  readonly text: string
  readonly kid: string
  readonly payload: JsonObject
}

/** Largest text of a token in characters; GitHub's are about 2,000. */
export const longestToken = 32 * 1024

const Header = z.object({
  alg: z.literal('RS256'),
  kid: z.string().check(z.minLength(1), z.maxLength(256)),
  typ: z.optional(z.literal('JWT')),
})

/** Parameters by which a token would choose its own key or its own rules. GitHub sends none of them. */
const refused = ['crit', 'b64', 'jku', 'x5u', 'jwk']

/**
 * Takes a token apart without believing it; throws `token-format` unless it is a JWT in the one spelling that GitHub
 * uses. Strict here, since what jose lets pass (white space, padding, free bits, double keys) makes two readers of one
 * token disagree.
 */
export function takeApart(text: unknown): Parts {
  if (typeof text !== 'string') return malformed('is not text')
  // The size comes first: nothing of an oversized token is decoded.
  if (text.length > longestToken) return malformed(`is longer than ${longestToken} characters`)
  const parts = text.split('.')
  const [head, body, signature] = parts
  if (parts.length !== 3 || !head || !body || !signature) return malformed('does not have three parts')
  const [header, payload] = [decode(head, 'header'), decode(body, 'payload')]
  decodeBytes(signature, 'signature')
  const { kid } = checkHeader(header)
  return { text, kid, payload }
}

function checkHeader(header: JsonObject): z.infer<typeof Header> {
  const odd = refused.find((name) => Object.hasOwn(header, name))
  if (odd) return malformed(`has the header parameter ${odd}, which no token of GitHub has`)
  const parsed = Header.safeParse(header)
  if (parsed.success) return parsed.data
  const name = parsed.error.issues[0]?.path[0]
  if (name === 'alg') return malformed('is not signed with RS256')
  if (name === 'typ') return malformed('is of another type than JWT')
  return malformed('does not name its key (kid) in at most 256 characters')
}

function decode(part: string, name: string): JsonObject {
  const value = parseObject(decodeBytes(part, name))
  return typeof value === 'string' ? malformed(`has a ${name} that ${value}`) : value
}

function decodeBytes(part: string, name: string): Buffer {
  const bytes = Buffer.from(part, 'base64url')
  // Node skips what it does not know; only the canonical spelling survives the way back.
  if (bytes.toString('base64url') !== part) return malformed(`has a ${name} that is not base64url`)
  return bytes
}

function malformed(what: string): never {
  return refuse('token-format', `The text that GitHub's endpoint gave as an ID token ${what}.`)
}

/** What there is to do about a token of GitHub's that no honest endpoint gives. */
export const NOT_USED =
  'The token is not used. If this is a runner of your own, find out what answers at ACTIONS_ID_TOKEN_REQUEST_URL; on GitHub, run the job again and report it if it happens twice.'

/** Throws for a token that must not be used, with the one remedy there is. */
export function refuse(code: Code, problem: string, remedy = NOT_USED): never {
  return fail({ code, problem, remedy })
}
