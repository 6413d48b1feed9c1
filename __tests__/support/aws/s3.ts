// S3 as far as DuckDB speaks to it, with addresses in the style of a path:
// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { permits, type Cloud, type Session } from './account.ts'
import { verifyHeader } from './sigv4.ts'
import { headersOf } from './sts.ts'

/** One request with what became of it. */
export interface S3Call {
  readonly action: string
  readonly key: string
  /** Of the keys that have signed it. */
  readonly accessKeyId: string
  readonly outcome: string
  readonly at: number
}

/** Buckets on 127.0.0.1, for whoever a session of the cloud allows. */
export interface S3 extends AsyncDisposable {
  readonly port: number
  readonly calls: readonly S3Call[]
  readonly objects: ReadonlyMap<string, Buffer>
}

interface Refused {
  readonly status: number
  readonly code: string
  /** Where the signature itself is right. */
  readonly accessKeyId?: string
}

/** Starts with no object. */
export async function startS3(cloud: Cloud, region: string): Promise<S3> {
  const calls: S3Call[] = []
  const objects = new Map<string, Buffer>()
  const parts = new Map<string, Buffer[]>()
  const server = createServer((req, res) => {
    serve(req, res).catch(() => res.destroy())
  })
  const serve = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const body = await buffer(req)
    const url = new URL(req.url ?? '/', 'http://s3')
    const key = decodeURIComponent(url.pathname.slice(1))
    const action = actionOf(req.method ?? '', url)
    const admitted = admit(cloud, region, req, body, action, key)
    const refused = 'code' in admitted ? admitted : undefined
    calls.push({
      action,
      key,
      accessKeyId: admitted.accessKeyId ?? '',
      outcome: refused?.code ?? 'ok',
      at: Date.now(),
    })
    if (refused)
      return void res
        .writeHead(refused.status)
        .end(`<Error><Code>${refused.code}</Code><Message>${refused.code}</Message></Error>`)
    const upload = url.searchParams.get('uploadId')
    if (url.searchParams.has('uploads')) {
      parts.set(key, [])
      return void res.end(
        `<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>`,
      )
    }
    if (req.method === 'PUT' && upload !== null) {
      parts.get(key)?.splice(Number(url.searchParams.get('partNumber')) - 1, 1, body)
      return void res.writeHead(200, { etag: '"part"' }).end()
    }
    if (req.method === 'POST' && upload !== null) {
      objects.set(key, Buffer.concat(parts.get(key) ?? []))
      return void res.end(
        '<CompleteMultipartUploadResult><ETag>"whole"</ETag></CompleteMultipartUploadResult>',
      )
    }
    if (req.method === 'PUT') {
      objects.set(key, body)
      return void res.writeHead(200, { etag: '"whole"' }).end()
    }
    read(req, res, objects.get(key))
  }
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    calls,
    objects,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function actionOf(method: string, url: URL): string {
  if (url.searchParams.has('list-type')) return 's3:ListBucket'
  if (method === 'GET' || method === 'HEAD') return 's3:GetObject'
  return method === 'DELETE' ? 's3:DeleteObject' : 's3:PutObject'
}

function admit(
  cloud: Cloud,
  region: string,
  req: IncomingMessage,
  body: Buffer,
  action: string,
  key: string,
): Session | Refused {
  const headers = headersOf(req)
  const hash = headers['x-amz-content-sha256'] ?? ''
  const whole = createHash('sha256').update(body).digest('hex')
  if (hash !== whole && hash !== 'UNSIGNED-PAYLOAD') return { status: 400, code: 'XAmzContentSHA256Mismatch' }
  const arrived = { method: req.method ?? '', target: req.url ?? '/', headers, body: '', hash }
  const keysOf = (id: string) => cloud.sessions.get(id)
  const verdict = verifyHeader(arrived, {
    service: 's3',
    region,
    host: headers.host ?? '',
    now: new Date(),
    keysOf,
  })
  if ('flaw' in verdict) return { status: 403, code: verdict.flaw.split(':')[0] ?? '' }
  const session = cloud.sessions.get(verdict.accessKeyId)
  const { accessKeyId } = verdict
  if (!session || session.expiresAt < Date.now()) return { status: 400, code: 'ExpiredToken', accessKeyId }
  return permits(session, action, `arn:aws:s3:::${key}`) ? session : { status: 403, code: 'AccessDenied' }
}

function read(req: IncomingMessage, res: ServerResponse, object: Buffer | undefined): void {
  if (!object) return void res.writeHead(404).end()
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(req.headers.range ?? '') ?? []
  const start = Number(from ?? 0)
  const end = to === undefined || to === '' ? object.length - 1 : Math.min(Number(to), object.length - 1)
  const common = { 'accept-ranges': 'bytes', etag: '"whole"', 'last-modified': new Date(0).toUTCString() }
  const range = from === undefined ? {} : { 'content-range': `bytes ${start}-${end}/${object.length}` }
  res.writeHead(from === undefined ? 200 : 206, { ...common, ...range, 'content-length': end - start + 1 })
  res.end(req.method === 'HEAD' ? undefined : object.subarray(start, end + 1))
}
