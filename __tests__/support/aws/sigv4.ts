// Signature Version 4 as documented, recomputed from what arrived:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'

/** A request as it arrived. */
export interface Arrived {
  readonly method: string
  /** Path with query, as the real host would see it. */
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** In place of the body, where the service takes the word of a signed header for it. */
  readonly hash?: string
}

/** What the verifier knows of keys that it handed out. */
export interface Keys {
  readonly secretAccessKey: string
  readonly sessionToken: string
}

export type Verdict = { readonly accessKeyId: string } | { readonly flaw: string }

export interface Expected {
  readonly service: string
  readonly region: string
  readonly host: string
  readonly now: Date
  readonly keysOf: (accessKeyId: string) => Keys | undefined
}

/** Verifies the `Authorization` header of a request. */
export function verifyHeader(request: Arrived, expected: Expected): Verdict {
  const { authorization = '', host, 'x-amz-date': date = '', 'x-amz-security-token': token } = request.headers
  const found =
    /^AWS4-HMAC-SHA256 Credential=([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(
      authorization,
    )
  const [, credential = '', names = '', signature = ''] = found ?? []
  if (!found) return { flaw: 'MissingAuthenticationToken' }
  if (host !== expected.host) return { flaw: `SignatureDoesNotMatch: host ${host ?? ''}` }
  const signed = names.split(';')
  for (const name of ['host', 'x-amz-date', 'x-amz-security-token'])
    if (!signed.includes(name)) return { flaw: `SignatureDoesNotMatch: ${name} is not signed` }
  const age = expected.now.getTime() - timeOf(date)
  if (!(Math.abs(age) < 15 * 60_000)) return { flaw: 'RequestExpired' }
  const [path = '/', query = ''] = request.target.split('?')
  const canonical = canonicalRequest(
    request.method,
    path,
    pairsOf(query),
    headersOf(request, signed),
    request.hash ?? sha256(request.body),
  )
  return judge({ credential, signature, date, token, canonical }, expected)
}

/** Verifies a presigned address, e.g. an RDS token; the body of such a request is empty. */
export function verifyPresigned(address: string, expected: Expected): Verdict {
  const url = URL.parse(address)
  if (!url || url.host !== expected.host) return { flaw: `the token is for ${url?.host ?? 'nobody'}` }
  const pairs = pairsOf(url.search.slice(1))
  const get = (name: string): string => pairs.find(([key]) => key === name)?.[1] ?? ''
  if (get('X-Amz-Algorithm') !== 'AWS4-HMAC-SHA256') return { flaw: 'no AWS4-HMAC-SHA256' }
  const end = timeOf(get('X-Amz-Date')) + Number(get('X-Amz-Expires')) * 1000
  if (!(expected.now.getTime() <= end)) return { flaw: 'the token has expired' }
  const unsigned = pairs.filter(([key]) => key !== 'X-Amz-Signature')
  const canonical = canonicalRequest('GET', url.pathname, unsigned, [['host', url.host]], sha256(''))
  const [credential, signature, date] = [get('X-Amz-Credential'), get('X-Amz-Signature'), get('X-Amz-Date')]
  return judge({ credential, signature, date, token: get('X-Amz-Security-Token'), canonical }, expected)
}

interface Claimed {
  readonly credential: string
  readonly signature: string
  readonly date: string
  readonly token: string | undefined
  readonly canonical: string
}

function judge({ credential, signature, date, token, canonical }: Claimed, expected: Expected): Verdict {
  const [accessKeyId = '', ...scope] = credential.split('/')
  const [day = '', region = '', service = ''] = scope
  if (scope.join('/') !== [date.slice(0, 8), expected.region, expected.service, 'aws4_request'].join('/'))
    return { flaw: `SignatureDoesNotMatch: scope ${scope.join('/')}` }
  const keys = expected.keysOf(accessKeyId)
  if (!keys || keys.sessionToken !== token) return { flaw: 'InvalidClientTokenId' }
  const text = ['AWS4-HMAC-SHA256', date, scope.join('/'), sha256(canonical)].join('\n')
  const steps = [day, region, service, 'aws4_request']
  const key = steps.reduce((last: string | Buffer, step) => hmac(last, step), `AWS4${keys.secretAccessKey}`)
  const right = hmac(key, text)
  const given = Buffer.from(signature, 'hex')
  return given.length === right.length && timingSafeEqual(given, right)
    ? { accessKeyId }
    : { flaw: 'SignatureDoesNotMatch' }
}

type Pair = readonly [string, string]

function canonicalRequest(
  method: string,
  path: string,
  query: readonly Pair[],
  headers: readonly Pair[],
  hash: string,
): string {
  const search = query
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .toSorted((a, b) => (a < b ? -1 : 1))
    .join('&')
  const lines = headers.map(([name, value]) => `${name}:${value.trim().replaceAll(/ +/g, ' ')}\n`).join('')
  return [method, path, search, lines, headers.map(([name]) => name).join(';'), hash].join('\n')
}

function headersOf({ headers }: Arrived, signed: readonly string[]): Pair[] {
  return signed.map((name) => [name, headers[name] ?? ''])
}

function pairsOf(query: string): Pair[] {
  if (query === '') return []
  return query.split('&').map((pair) => {
    const [name = '', value = ''] = pair.split('=')
    return [decodeURIComponent(name), decodeURIComponent(value)]
  })
}

function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

function timeOf(date: string): number {
  return Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'))
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}
