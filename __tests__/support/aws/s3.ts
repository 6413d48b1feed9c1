// S3 as far as DuckDB and boto3 speak to it, with the bucket in the path or in the name of the host:
// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { permits, sessionArn, type Cloud, type Session } from './account.ts'
import { payloadOf } from './payload.ts'
import { list, read, remove } from './s3-answers.ts'
import { verifyHeader } from './sigv4.ts'
import { headersOf, Refusal } from './sts.ts'

/** One request with what became of it. */
export interface S3Call {
  readonly action: string
  readonly key: string
  /** Of the keys that have signed it. */
  readonly accessKeyId: string
  readonly outcome: string
  readonly at: number
}

/** Buckets for whoever a session of the cloud allows. */
export interface Buckets {
  readonly calls: readonly S3Call[]
  /** By `bucket/key`. */
  readonly objects: Map<string, Buffer>
  /** Answers a request for a bucket, or for the one that the path begins with. */
  handle(req: IncomingMessage, res: ServerResponse, bucket?: string): Promise<void>
  /** Refuses who may not do this to an object, or to a bucket. */
  demand(session: Session, action: string, key: string, context?: ReadonlyMap<string, string>): void
}

/** Buckets on 127.0.0.1, with addresses in the style of a path. */
export interface S3 extends AsyncDisposable, Pick<Buckets, 'calls' | 'objects'> {
  readonly port: number
}

/** What is asked of a bucket. */
interface Asked {
  readonly action: string
  readonly bucket: string
  /** `bucket/key`, or the bucket alone. */
  readonly key: string
  readonly query: URLSearchParams
}

/** Starts with no object. */
export function newBuckets(cloud: Cloud, region: string): Buckets {
  const calls: S3Call[] = []
  const objects = new Map<string, Buffer>()
  const parts = new Map<string, Buffer[]>()
  const serve = (
    req: IncomingMessage,
    res: ServerResponse,
    asked: Asked,
    body: Buffer,
    by: Session,
  ): void => {
    const { action, bucket, key, query } = asked
    const upload = query.get('uploadId')
    if (action === 's3:ListBucket') return list(res, bucket, query, objects)
    if (query.has('delete')) return remove(res, bucket, body.toString(), objects, by)
    if (query.has('uploads')) {
      parts.set(key, [])
      return void res.end(
        `<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>`,
      )
    }
    if (req.method === 'PUT' && upload !== null) {
      parts.get(key)?.splice(Number(query.get('partNumber')) - 1, 1, body)
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
  return {
    calls,
    objects,
    demand,
    async handle(req, res, bucket) {
      const body = await buffer(req)
      const asked = askedOf(req, bucket)
      const { action, key } = asked
      let accessKeyId = ''
      const note = (outcome: string): void =>
        void calls.push({ action, key, accessKeyId, outcome, at: Date.now() })
      try {
        const payload = payloadOf(body, headersOf(req))
        const signed = signerOf(cloud, region, req, payload.hash)
        accessKeyId = signed.accessKeyId
        const session = living(cloud, accessKeyId)
        // Of many objects each is judged by itself.
        if (!asked.query.has('delete')) demand(session, action, key, contextOf(asked))
        note('ok')
        serve(req, res, asked, payload.body, session)
      } catch (error) {
        if (!(error instanceof Refusal)) throw error
        note(error.code)
        res
          .writeHead(error.status)
          .end(`<Error><Code>${error.code}</Code><Message>${error.message}</Message></Error>`)
      }
    },
  }
}

/** Starts with no object, on a port of its own. */
export async function startS3(cloud: Cloud, region: string): Promise<S3> {
  const buckets = newBuckets(cloud, region)
  const server = createServer((req, res) => {
    buckets.handle(req, res).catch(() => res.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    calls: buckets.calls,
    objects: buckets.objects,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function askedOf({ method = '', url = '/' }: IncomingMessage, host: string | undefined): Asked {
  const { pathname, searchParams: query } = new URL(url, 'http://s3')
  const key = [...(host === undefined ? [] : [host]), decodeURIComponent(pathname.slice(1))]
    .join('/')
    .replace(/\/$/, '')
  const [bucket = ''] = key.split('/')
  const whole = key === bucket
  if (query.has('list-type') || (whole && method === 'GET'))
    return { action: 's3:ListBucket', bucket, key, query }
  if (method === 'GET' || method === 'HEAD') return { action: 's3:GetObject', bucket, key, query }
  const action = method === 'DELETE' || query.has('delete') ? 's3:DeleteObject' : 's3:PutObject'
  return { action, bucket, key, query }
}

function contextOf({ query }: Asked): ReadonlyMap<string, string> {
  const prefix = query.get('prefix')
  return new Map(prefix === null ? [] : [['s3:prefix', prefix]])
}

function signerOf(cloud: Cloud, region: string, req: IncomingMessage, hash: string) {
  const headers = headersOf(req)
  const arrived = { method: req.method ?? '', target: req.url ?? '/', headers, body: '', hash }
  const keysOf = (id: string) => cloud.sessions.get(id)
  const host = headers.host ?? ''
  const verdict = verifyHeader(arrived, { service: 's3', region, host, now: new Date(), keysOf })
  if (!('flaw' in verdict)) return verdict
  const code = verdict.flaw.split(':')[0] ?? ''
  throw new Refusal(403, code, code)
}

function living(cloud: Cloud, accessKeyId: string): Session {
  const session = cloud.sessions.get(accessKeyId)
  if (session && session.expiresAt >= Date.now()) return session
  throw new Refusal(400, 'ExpiredToken', 'The provided token has expired.')
}

function demand(
  session: Session,
  action: string,
  key: string,
  context: ReadonlyMap<string, string> = new Map(),
): void {
  const resource = `arn:aws:s3:::${key}`
  if (permits(session, action, resource, context)) return
  const said = `User: ${sessionArn(session)} is not authorized to perform: ${action} on resource: "${resource}"`
  throw new Refusal(403, 'AccessDenied', said)
}
