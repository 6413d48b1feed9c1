import type { Io } from '../exchange.ts'
import type { HttpRequest } from '../http.ts'

/** One request of an SDK, in milliseconds. */
const DEADLINE = 30_000

/**
 * `fetch` over our one way out, for SDKs that take one: proxies, certificates, deadline and the rehearsal rule are those
 * of every other request, and a vendor's origin is rewritten here. No redirect is followed.
 */
export function fetchOver({
  http,
  at,
  signal,
  limit,
}: Pick<Io, 'http' | 'at' | 'signal'> & Pick<HttpRequest, 'limit'>): typeof fetch {
  return async (input, init) => {
    const request = new Request(input, init)
    const body = await request.text()
    // The answer is read as text, so it must not come packed.
    request.headers.delete('accept-encoding')
    const answer = await http({
      url: at(request.url),
      method: methodOf(request.method),
      headers: Object.fromEntries(request.headers),
      ...(body === '' ? {} : { body }),
      deadline: DEADLINE,
      ...(signal && { signal }),
      ...(limit !== undefined && { limit }),
    })
    const empty = answer.status === 204 || answer.status === 304
    return new Response(empty ? null : answer.body, { status: answer.status, headers: answer.headers })
  }
}

function methodOf(method: string): 'GET' | 'POST' | 'PUT' | 'DELETE' {
  if (method === 'GET' || method === 'POST' || method === 'PUT' || method === 'DELETE') return method
  throw new Error(`${method} is no method that an exchange needs`)
}
