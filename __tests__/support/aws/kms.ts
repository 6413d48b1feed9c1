// Signing as the API reference of AWS KMS has it: https://docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html
import { sign, type KeyObject } from 'node:crypto'
import type { OriginHandler } from '../issuer-server.ts'
import { readBody } from '../issuer-server.ts'
import { parseRecord, scalarText } from '../shape.ts'
import { permits, type Cloud } from './account.ts'
import { headersOf, Refusal, signer } from './sts.ts'

/** Keys of one region by ARN, for sessions of this cloud that may use them. */
export function kmsOf(
  { cloud, region, host }: { readonly cloud: Cloud; readonly region: string; readonly host: string },
  keys: ReadonlyMap<string, KeyObject>,
): OriginHandler {
  return async (req, res, path) => {
    const body = await readBody(req)
    const headers = headersOf(req)
    const send = (status: number, reply: object): void =>
      void res.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(reply))
    try {
      const arrived = { method: req.method ?? '', target: path, headers, body }
      const session = signer({ cloud, region, host }, 'kms', arrived)
      if (headers['x-amz-target'] !== 'TrentService.Sign')
        throw new Refusal(400, 'UnknownOperationException', '')
      const asked = parseRecord(body)
      const name = scalarText(asked['KeyId'])
      const algorithm = scalarText(asked['SigningAlgorithm'])
      const context = new Map([['kms:signingalgorithm', algorithm]])
      const key = keys.get(name)
      if (!permits(session, 'kms:Sign', name, context))
        throw new Refusal(
          400,
          'AccessDeniedException',
          `User: ${session.role.arn} is not authorized to perform: kms:Sign on resource: ${name} because no identity-based policy allows the kms:Sign action`,
        )
      if (!key) throw new Refusal(400, 'NotFoundException', `Key '${name}' does not exist`)
      if (algorithm !== 'RSASSA_PKCS1_V1_5_SHA_256' || asked['MessageType'] !== 'RAW')
        throw new Refusal(400, 'InvalidKeyUsageException', algorithm)
      const message = Buffer.from(scalarText(asked['Message']), 'base64')
      if (message.length > 4096) throw new Refusal(400, 'ValidationException', 'Message is too long')
      send(200, {
        KeyId: name,
        SigningAlgorithm: algorithm,
        Signature: sign('sha256', message, key).toString('base64'),
      })
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      send(error.status, { __type: error.code, message: error.message })
    }
  }
}
