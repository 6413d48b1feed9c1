import { createHash } from 'node:crypto'
import type { IdToken, Mint } from '../../src/claims.ts'
import { DbtOidcError } from '../../src/errors.ts'
import type { Io } from '../../src/exchange.ts'
import { createHttp } from '../../src/http.ts'
import { rewrite } from '../../src/rehearsal.ts'
import { claimsOf } from './jwt.ts'
import type { Issuer } from './issuer.ts'
import { scalarText } from './shape.ts'

/** The outside world of an exchange in a rehearsal, and what the exchange did with it. */
export interface World {
  readonly io: Io
  readonly mint: Mint
  /** Audiences for which a token was minted, in order. */
  readonly audiences: readonly string[]
  readonly masked: readonly string[]
  readonly tokens: readonly string[]
}

/** Makes a world whose tokens come from this issuer; `forge` makes other tokens in their place. */
export function worldOf(issuer: Issuer, forge?: (audience: string) => string): World {
  const rehearsal = { server: issuer.serverUrl }
  const audiences: string[] = []
  const masked: string[] = []
  const tokens: string[] = []
  return {
    audiences,
    masked,
    tokens,
    io: {
      http: createHttp({ rehearsal, env: {} }),
      at: (url) => rewrite(rehearsal, url),
      now: () => new Date(),
      mask: (secret) => void masked.push(secret),
      variable: () => undefined,
      say: () => undefined,
    },
    async mint(audience) {
      audiences.push(audience)
      const text = forge?.(audience) ?? issuer.mint(audience)
      tokens.push(text)
      return idToken(text)
    },
  }
}

function idToken(text: string): IdToken {
  const payload = claimsOf(text)
  const all = new Map(Object.entries(payload).map(([name, value]) => [name, scalarText(value)]))
  const get = (name: string): string => all.get(name) ?? ''
  return {
    text,
    sha256: createHash('sha256').update(text).digest('hex'),
    claims: {
      iss: get('iss'),
      sub: get('sub'),
      aud: get('aud'),
      jti: get('jti'),
      iat: Number(get('iat')),
      exp: Number(get('exp')),
      all,
    },
  }
}

/** The error of a promise that must not succeed. */
export async function refusalOf(work: Promise<unknown>): Promise<DbtOidcError> {
  const outcome: unknown = await work.catch((error: unknown) => error)
  if (outcome instanceof DbtOidcError) return outcome
  throw new Error('It was not refused.', { cause: outcome })
}

/** Everything that an error says. */
export function wordsOf({ problem, remedy, details }: DbtOidcError): string {
  return [problem, remedy, ...details].join('\n')
}
