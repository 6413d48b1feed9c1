import type { Mint } from '../../claims.ts'
import type { Io } from '../../exchange.ts'
import type { SignerSettings } from './settings.ts'
import { awsSigner } from './signers/aws.ts'
import { googleSigner } from './signers/google.ts'
import { variableSigner } from './signers/variable.ts'
import { vaultSigner } from './signers/vault.ts'

/** A key that can be used and not be read. */
export interface Signer {
  /** Of the ID tokens by which it is opened; undefined where none is needed. */
  readonly audience: string | undefined
  /** Who the keeper of the key says we are. */
  readonly identity: string
  readonly hosts: readonly string[]
  /** RSASSA-PKCS1-v1_5 with SHA-256 over the text (RS256 of RFC 7518 3.3). */
  sign(text: string, mint: Mint, io: Io, left: number): Promise<Buffer>
}

/** The signer that the settings name. */
export function signerOf(s: SignerSettings): Signer {
  const key = s.key ?? ''
  if (s.aws) return awsSigner(s.aws, key)
  if (s.google) return googleSigner(s.google, key)
  if (s.vault) return vaultSigner(s.vault, s.transit ?? 'transit', key)
  return variableSigner(s.variable ?? '')
}
