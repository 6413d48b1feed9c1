import aws4 from 'aws4'
import { createHash } from 'node:crypto'

/** Keys of a session, which sign. */
export interface Keys {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string
}

/** A request by its lower-case headers; without a path it goes to the root of the host. */
export interface Unsigned {
  readonly host: string
  readonly region: string
  readonly service: string
  readonly path?: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** The headers of a request with its signature (AWS Signature Version 4). */
export function signed(request: Unsigned, keys: Keys, now: Date): Record<string, string> {
  const { host, region, service, path = '/', body } = request
  const headers = {
    ...request.headers,
    'x-amz-content-sha256': createHash('sha256').update(body).digest('hex'),
    'x-amz-date': stamp(now),
    'x-amz-security-token': keys.sessionToken,
  }
  const { headers: all = {} } = aws4.sign(
    { method: 'POST', path, host, region, service, headers, body },
    keys,
  )
  return { ...headers, authorization: String(all['Authorization']) }
}

/** An address of one path, signed to be handed on: host, path and query without `https://`. */
export function presigned(
  {
    host,
    region,
    service,
    query,
  }: Pick<Unsigned, 'host' | 'region' | 'service'> & { readonly query: Readonly<Record<string, string>> },
  keys: Keys,
  now: Date,
): string {
  const asked = new URLSearchParams({ ...query, 'X-Amz-Date': stamp(now) })
  const { path = '' } = aws4.sign(
    { method: 'GET', path: `/?${asked.toString()}`, host, region, service, signQuery: true },
    keys,
  )
  return `${host}${path}`
}

/** 20261130T120000Z */
function stamp(now: Date): string {
  return now.toISOString().replaceAll(/[:-]|\.\d{3}/g, '')
}
