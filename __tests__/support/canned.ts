import type { Io } from '../../src/exchange.ts'
import type { Http } from '../../src/http.ts'

/** A request before it is sent. */
export interface Asked {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** A way out that leads nowhere: it keeps what it is given, and answers at once. */
export interface Canned {
  readonly requests: Asked[]
  readonly http: Http
  readonly fetch: typeof fetch
}

/** Opens such a way; `answer` says what comes back for an address and a body, with status 200. */
export function canned(answer: (url: string, body: string) => string, type = 'application/json'): Canned {
  const requests: Asked[] = []
  return {
    requests,
    async http({ url, method = 'GET', headers = {}, body = '' }) {
      requests.push({ method, url, headers, body })
      return { status: 200, headers: { 'content-type': type }, body: answer(url, body) }
    },
    async fetch(input, init) {
      const request = new Request(input, init)
      const { method, url } = request
      const body = await request.text()
      requests.push({ method, url, headers: Object.fromEntries(request.headers), body })
      return new Response(answer(url, body), { headers: { 'content-type': type } })
    },
  }
}

/** The outside world of an exchange over such a way, at a fixed time and outside of rehearsals. */
export function ioOver(http: Http, now: Date): Io {
  return {
    http,
    at: (url) => url,
    now: () => now,
    mask: () => undefined,
    variable: () => undefined,
    say: () => undefined,
  }
}
