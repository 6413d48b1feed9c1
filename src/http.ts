/** One request of ours. The body is text; headers are lower-case. */
export interface HttpRequest {
  readonly url: string
  readonly method?: 'GET' | 'POST' | 'DELETE' | 'PUT'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** Milliseconds for the whole exchange of bytes, connection included. */
  readonly deadline: number
  /** Largest body in bytes that is read; more is an error. */
  readonly limit?: number
}

/** An answer with its whole body. A redirect is an answer like any other: nothing follows it. */
export interface HttpResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/**
 * The one way out. Throws `DbtOidcError` with `blocked-host` where the rehearsal rule forbids the address and
 * `exchange-unavailable` where no whole answer arrived in time.
 */
export type Http = (request: HttpRequest) => Promise<HttpResponse>
