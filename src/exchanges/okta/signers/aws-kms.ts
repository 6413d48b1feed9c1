import { fail } from '../../../errors.ts'
import type { Io } from '../../../exchange.ts'
import { attemptFailed } from '../../../retry.ts'
import { askJson, textOf, type JsonAnswer } from '../../aws/json.ts'
import { foreign, isBusy, wordsOf } from '../../aws/refusal.ts'
import type { Session } from '../../aws/session.ts'

/** Signs with a key of AWS KMS (API reference, "Sign"). Throws `exchange` or `exchange-unavailable`. */
export async function signAt(
  at: { readonly host: string; readonly region: string },
  key: string,
  text: string,
  session: Session,
  io: Io,
): Promise<Buffer> {
  const call = {
    ...at,
    service: 'kms',
    path: '/',
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'TrentService.Sign' },
    body: {
      KeyId: key,
      Message: Buffer.from(text).toString('base64'),
      SigningAlgorithm: 'RSASSA_PKCS1_V1_5_SHA_256',
      MessageType: 'RAW',
    },
  }
  const answer = await askJson(call, session, io)
  if (answer.fault !== undefined)
    throw refusal(answer, answer.fault, key, [session.secretAccessKey, session.sessionToken])
  if (!answer.said) throw foreign(key, answer.status, 'JSON')
  const signature = textOf(answer.said, 'Signature')
  if (signature !== undefined) return Buffer.from(signature, 'base64')
  return fail({
    code: 'exchange',
    problem: 'AWS KMS answered without a signature.',
    remedy: 'Check that the key is an RSA key for SIGN_VERIFY.',
  })
}

function refusal({ status, said }: JsonAnswer, name: string, key: string, secrets: readonly string[]): Error {
  if (name === '') return foreign(key, status, 'JSON')
  const busy = isBusy(name, status)
  const message = textOf(said, 'message') ?? textOf(said, 'Message') ?? 'no reason given'
  return attemptFailed(
    {
      code: busy ? 'exchange-unavailable' : 'exchange',
      problem: `AWS KMS refused to sign with ${key}: ${name}: ${wordsOf(message, secrets)}`,
      remedy: busy
        ? 'Run the job again later.'
        : 'Allow the role `kms:Sign` on the key, in its own policy or that of the key, and let the key be RSA_2048 (or longer) for SIGN_VERIFY.',
    },
    { transient: busy },
  )
}
