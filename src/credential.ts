/** What an exchange gives back. `expiresAt: null` means that nobody tells, not that it never ends. */
export type Credential = IdTokenCredential | Bearer | Aws | Password | KeyPair | None

/** The ID token itself: the warehouse takes it without an exchange, or its driver trades it. */
export interface IdTokenCredential {
  readonly kind: 'id-token'
  readonly token: string
  readonly expiresAt: Date
  /** Where the driver trades it at an identity provider: what it has to know for that, and none of it a secret. */
  readonly recipe?: Readonly<Record<string, string>> | undefined
}

/** What ends a credential before its time, where somebody else than its holder keeps it: Vault's token and lease. */
export interface Lease {
  /** A secret. */
  readonly token: string
  readonly id: string
}

/** An OAuth 2.0 access token (RFC 6750). */
export interface Bearer {
  readonly kind: 'bearer'
  readonly token: string
  readonly expiresAt: Date | null
  readonly lease?: Lease | undefined
}

/** Temporary AWS credentials of a role session. */
export interface Aws {
  readonly kind: 'aws'
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string
  readonly region: string
  readonly expiresAt: Date
}

/** A database user with a short-lived password. */
export interface Password {
  readonly kind: 'password'
  readonly user: string
  readonly password: string
  readonly expiresAt: Date | null
  readonly lease?: Lease | undefined
}

/** A private key (PKCS#8 PEM) that a vault handed out for a user. */
export interface KeyPair {
  readonly kind: 'key-pair'
  readonly user: string
  readonly privateKey: string
  readonly expiresAt: Date | null
  readonly lease?: Lease | undefined
}

/** Nothing is needed: an embedded database. The token and the policy still decide. */
export interface None {
  readonly kind: 'none'
  readonly expiresAt: null
}

export type Kind = Credential['kind']

/**
 * Whether a text can be a token or a key: it stands in a header, on a line of a file and in a mask as it is. Anything else
 * could begin a line there that somebody else has written.
 */
export function isToken(text: string): boolean {
  return /^[!-~]+$/.test(text)
}

/** The texts of a credential that must never be seen. */
export function secretsOf(credential: Credential): readonly string[] {
  return [...own(credential), ...('lease' in credential && credential.lease ? [credential.lease.token] : [])]
}

function own(credential: Credential): readonly string[] {
  switch (credential.kind) {
    case 'id-token':
    case 'bearer':
      return [credential.token]
    case 'aws':
      return [credential.secretAccessKey, credential.sessionToken]
    case 'password':
      return [credential.password]
    case 'key-pair':
      return [credential.privateKey]
    case 'none':
      return []
  }
}
