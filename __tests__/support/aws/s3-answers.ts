import type { IncomingMessage, ServerResponse } from 'node:http'
import { permits, type Session } from './account.ts'

/** What lies below a prefix. */
export function list(
  res: ServerResponse,
  bucket: string,
  query: URLSearchParams,
  objects: ReadonlyMap<string, Buffer>,
): void {
  const prefix = `${bucket}/${query.get('prefix') ?? ''}`
  const found = [...objects.keys()].filter((key) => key.startsWith(prefix))
  const contents = found.map((key) => `<Contents><Key>${key.slice(bucket.length + 1)}</Key></Contents>`)
  res.end(
    `<ListBucketResult><Name>${bucket}</Name><IsTruncated>false</IsTruncated>${contents.join('')}</ListBucketResult>`,
  )
}

/** Takes those objects away that the session may delete. */
export function remove(
  res: ServerResponse,
  bucket: string,
  body: string,
  objects: Map<string, Buffer>,
  session: Session,
): void {
  const keys = [...body.matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, key = '']) => key)
  const results = keys.map((key) => {
    if (!permits(session, 's3:DeleteObject', `arn:aws:s3:::${bucket}/${key}`))
      return `<Error><Key>${key}</Key><Code>AccessDenied</Code><Message>Access Denied</Message></Error>`
    objects.delete(`${bucket}/${key}`)
    return `<Deleted><Key>${key}</Key></Deleted>`
  })
  res.end(`<DeleteResult>${results.join('')}</DeleteResult>`)
}

/** An object, or the range of it that was asked for. */
export function read(req: IncomingMessage, res: ServerResponse, object: Buffer | undefined): void {
  if (!object) return void res.writeHead(404).end()
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(req.headers.range ?? '') ?? []
  const start = Number(from ?? 0)
  const end = to === undefined || to === '' ? object.length - 1 : Math.min(Number(to), object.length - 1)
  const common = { 'accept-ranges': 'bytes', etag: '"whole"', 'last-modified': new Date(0).toUTCString() }
  const range = from === undefined ? {} : { 'content-range': `bytes ${start}-${end}/${object.length}` }
  res.writeHead(from === undefined ? 200 : 206, { ...common, ...range, 'content-length': end - start + 1 })
  res.end(req.method === 'HEAD' ? undefined : object.subarray(start, end + 1))
}
