import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

/** What stands in the profile in place of a token, and how it is known again. */
export interface Placeholder {
  readonly text: string
  /** In constant time. */
  readonly matches: (given: string) => boolean
}

/**
 * A text in the form of a JWT, which is all that the driver looks at: unsigned, expired since 1970, and good for
 * nothing but this one proxy, which knows it by its 128 random bits.
 */
export function makePlaceholder(): Placeholder {
  const claims = {
    iss: 'https://dbt-oidc.invalid',
    sub: 'placeholder',
    exp: 1,
    jti: randomBytes(16).toString('hex'),
  }
  const text = `${encoded({ alg: 'none', typ: 'JWT' })}.${encoded(claims)}.`
  const expected = digest(text)
  return { text, matches: (given) => timingSafeEqual(digest(given), expected) }
}

function encoded(part: unknown): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url')
}

/** Of one length, whatever was given. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
