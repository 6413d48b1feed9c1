import type { Io } from '../exchange.ts'

/** One request of an SDK, in milliseconds. */
const DEADLINE = 30_000

/** A request as AWS's SDKs make it: signed already, its body whole. */
interface SmithyRequest {
  readonly method: string
  readonly protocol: string
  readonly hostname: string
  readonly port?: number
  readonly path: string
  readonly query?: Readonly<Record<string, string | readonly string[] | null>>
  readonly headers: Readonly<Record<string, string>>
  readonly body?: unknown
}

interface SmithyResponse {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

/**
 * The request handler of AWS's SDKs over our one way out: proxies, certificates, deadline and the rehearsal rule are
 * those of every other request. The vendor's origin is rewritten here, after signing, so that a signature is always the
 * one for the real host; no redirect is followed.
 */
export function smithyOver({ http, at, signal }: Pick<Io, 'http' | 'at' | 'signal'>) {
  return {
    metadata: { handlerProtocol: 'http/1.1' },
    async handle(request: SmithyRequest): Promise<{ response: SmithyResponse }> {
      const answer = await http({
        url: at(addressOf(request)),
        method: request.method === 'GET' ? 'GET' : 'POST',
        headers: request.headers,
        ...bodyOf(request),
        deadline: DEADLINE,
        ...(signal && { signal }),
      })
      return {
        response: { statusCode: answer.status, headers: answer.headers, body: Buffer.from(answer.body) },
      }
    },
    destroy: () => undefined,
    updateHttpClientConfig: () => undefined,
    httpHandlerConfigs: () => ({}),
  }
}

function bodyOf({ body }: SmithyRequest): { readonly body?: string } {
  if (body === undefined || body === null || body === '') return {}
  if (typeof body === 'string') return { body }
  if (body instanceof Uint8Array) return { body: utf8Of(body) }
  // A stream would be sent as nothing, under a signature for something.
  throw new Error('the SDK of AWS made a body that is no text')
}

/** The bytes themselves: a JSON body of these SDKs complains on the console once it is taken for a text. */
function utf8Of({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('utf8')
}

function addressOf({ protocol, hostname, port, path, query = {} }: SmithyRequest): string {
  const search = new URLSearchParams()
  for (const [name, values] of Object.entries(query))
    for (const value of [values ?? ''].flat()) search.append(name, value)
  const text = search.toString()
  return `${protocol}//${hostname}${port ? `:${port}` : ''}${path}${text === '' ? '' : `?${text}`}`
}
