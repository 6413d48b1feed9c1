import { randomBytes } from 'node:crypto'

/** Whom an access token of this cloud stands for, and what it may be used for. */
export interface Holder {
  /** `principalSet://…` and `principal://…` of a federated identity, or `serviceAccount:EMAIL`. */
  readonly members: readonly string[]
  readonly federated: boolean
  readonly scopes: readonly string[]
  /** Milliseconds since the epoch. */
  readonly expires: number
}

/** The access tokens that this cloud has given out; it believes no other. */
export interface Tokens {
  issue(prefix: 'ya29.d.' | 'ya29.c.', holder: Holder): string
  /** The holder of a bearer token in a header, unless it is unknown or expired. */
  holderOf(authorization: string | undefined): Holder | undefined
}

/** Starts with none. */
export function createTokens(): Tokens {
  const holders = new Map<string, Holder>()
  return {
    issue(prefix, holder) {
      const token = prefix + randomBytes(48).toString('base64url')
      holders.set(token, holder)
      return token
    },
    holderOf(authorization) {
      const holder = holders.get(/^Bearer (\S+)$/.exec(authorization ?? '')?.[1] ?? '')
      return holder && holder.expires > Date.now() ? holder : undefined
    },
  }
}
