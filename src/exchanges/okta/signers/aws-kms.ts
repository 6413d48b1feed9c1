import { DbtOidcError, fail } from '../../../errors.ts'
import type { Io } from '../../../exchange.ts'
import { attemptFailed, isTransient } from '../../../retry.ts'
import { clientOptions } from '../../aws/client.ts'
import type { Session } from '../../aws/session.ts'

/** Signs with a key of AWS KMS (API reference, "Sign"). Throws `exchange` or `exchange-unavailable`. */
export async function signAt(
  at: { readonly host: string; readonly region: string },
  key: string,
  text: string,
  session: Session,
  io: Io,
): Promise<Buffer> {
  const { KMSClient, SignCommand } = await import('@aws-sdk/client-kms')
  const client = new KMSClient(clientOptions(at, io, session))
  try {
    const { Signature } = await client.send(
      new SignCommand({
        KeyId: key,
        Message: Buffer.from(text),
        MessageType: 'RAW',
        SigningAlgorithm: 'RSASSA_PKCS1_V1_5_SHA_256',
      }),
    )
    if (Signature) return Buffer.from(Signature)
  } catch (error) {
    throw refusal(error, key)
  }
  return fail({
    code: 'exchange',
    problem: 'AWS KMS answered without a signature.',
    remedy: 'Check that the key is an RSA key for SIGN_VERIFY.',
  })
}

function refusal(error: unknown, key: string): unknown {
  if (error instanceof DbtOidcError || !(error instanceof Error)) return error
  const metadata: unknown = '$metadata' in error ? error.$metadata : undefined
  const status =
    typeof metadata === 'object' && metadata !== null && 'httpStatusCode' in metadata
      ? Number(metadata.httpStatusCode)
      : 0
  const busy = isTransient(status)
  return attemptFailed(
    {
      code: busy ? 'exchange-unavailable' : 'exchange',
      problem: `AWS KMS refused to sign with ${key}: ${error.name}: ${error.message}`,
      remedy:
        'Allow the role `kms:Sign` on the key, in its own policy or that of the key, and let the key be RSA_2048 (or longer) for SIGN_VERIFY.',
      cause: error,
    },
    { transient: busy },
  )
}
