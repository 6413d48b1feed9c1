// What a request to S3 carries, which its signature names by a hash or by the way in which it is sent:
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { Refusal } from './sts.ts'

/** What is carried, and what the signature says of it. */
export interface Payload {
  readonly body: Buffer
  readonly hash: string
}

const IN_CHUNKS = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER'

/** Reads it; what is not whole is refused. */
export function payloadOf(body: Buffer, headers: Readonly<Record<string, string>>): Payload {
  const hash = headers['x-amz-content-sha256'] ?? ''
  if (hash === IN_CHUNKS) return { body: whole(body), hash }
  if (hash === 'UNSIGNED-PAYLOAD' || hash === createHash('sha256').update(body).digest('hex'))
    return { body, hash }
  throw new Refusal(400, 'XAmzContentSHA256Mismatch', 'XAmzContentSHA256Mismatch')
}

/** Chunks of `SIZE\r\nBYTES\r\n`, and after the one of size 0 a checksum of all of them. */
function whole(body: Buffer): Buffer {
  const chunks: Buffer[] = []
  let at = 0
  for (;;) {
    const line = body.indexOf('\r\n', at)
    const size = Number.parseInt(body.toString('latin1', at, line), 16)
    if (line < 0 || Number.isNaN(size)) throw new Refusal(400, 'IncompleteBody', 'IncompleteBody')
    at = line + 2
    if (size === 0) break
    chunks.push(body.subarray(at, at + size))
    at += size + 2
  }
  const [, told] = /x-amz-checksum-crc32:(\S+)/.exec(body.toString('latin1', at)) ?? []
  const found = Buffer.concat(chunks)
  const sum = Buffer.alloc(4)
  sum.writeUInt32BE(crc32(found))
  if (told === sum.toString('base64')) return found
  throw new Refusal(400, 'BadDigest', 'BadDigest')
}
