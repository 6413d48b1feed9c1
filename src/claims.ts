/**
 * The verified content of an ID token. Only `token.ts` makes one, after signature, issuer, audience, times and shape
 * have been checked; nothing downstream ever sees an unverified claim. (The command line's `check` supposes some, for
 * `decide` alone: see check/supposed.ts.)
 */
export interface Claims {
  /** The issuer's name in the policy; absent: GitHub. */
  readonly from?: string
  /** Of another issuer than GitHub, the claims that a grant would name. */
  readonly nameable?: readonly string[]
  readonly iss: string
  readonly sub: string
  readonly aud: string
  readonly jti: string
  /** Seconds since the epoch. */
  readonly iat: number
  /** Seconds since the epoch. */
  readonly exp: number
  /**
   * Every claim whose value is a string, an integer or a boolean, as text (`456`, `true`). A map and no object, so
   * that a claim called `constructor` or `__proto__` is a name like any other. Arrays and objects are left out:
   * an absent claim never matches.
   */
  readonly all: ReadonlyMap<string, string>
}

/** A token that has passed the gate: its text, what it says, and the digest by which the audit names it. */
export interface IdToken {
  readonly text: string
  readonly claims: Claims
  /** SHA-256 of `text`, lower-case hexadecimal. */
  readonly sha256: string
}

/** Asks GitHub for a fresh, verified token for one audience; each call is a new token with its own `jti`. */
export type Mint = (audience: string) => Promise<IdToken>
