/** What an exchange gives back. `expiresAt: null` means that nobody tells, not that it never ends. */
export type Credential = IdTokenCredential | Bearer | Aws | Password | KeyPair | None

/** The ID token itself: the warehouse takes it without an exchange. */
export interface IdTokenCredential {
  readonly kind: 'id-token'
  readonly token: string
  readonly expiresAt: Date
}

/** An OAuth 2.0 access token (RFC 6750). */
export interface Bearer {
  readonly kind: 'bearer'
  readonly token: string
  readonly expiresAt: Date | null
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
}

/** A private key (PKCS#8 PEM) that a vault handed out for a user. */
export interface KeyPair {
  readonly kind: 'key-pair'
  readonly user: string
  readonly privateKey: string
  readonly expiresAt: Date | null
}

/** Nothing is needed: an embedded database. The token and the policy still decide. */
export interface None {
  readonly kind: 'none'
  readonly expiresAt: null
}

export type Kind = Credential['kind']

/** The texts of a credential that must never be seen. */
export function secretsOf(credential: Credential): readonly string[] {
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
