import { createHash, randomBytes } from 'node:crypto'
import type { Use } from '../lives.ts'

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
  /** Every token, in order. */
  issued(): readonly string[]
  /** The holder of a bearer token in a header, unless it is unknown or expired. */
  holderOf(authorization: string | undefined): Holder | undefined
  /** Each time that a token of this cloud was shown, and whether it lived. */
  readonly uses: readonly Use[]
}

/** Starts with none. */
export function createTokens(): Tokens {
  const issued = new Map<string, { readonly holder: Holder; readonly bornAt: number }>()
  const uses: Use[] = []
  return {
    uses,
    issue(prefix, holder) {
      const token = prefix + randomBytes(48).toString('base64url')
      issued.set(token, { holder, bornAt: Date.now() })
      return token
    },
    issued: () => [...issued.keys()],
    holderOf(authorization) {
      const token = /^Bearer (\S+)$/.exec(authorization ?? '')?.[1] ?? ''
      const known = issued.get(token)
      if (!known) return undefined
      const { bornAt, holder } = known
      const at = Date.now()
      const accepted = holder.expires > at
      const id = createHash('sha256').update(token).digest('hex')
      uses.push({ id, bornAt, endsAt: holder.expires, at, accepted })
      return accepted ? holder : undefined
    },
  }
}
