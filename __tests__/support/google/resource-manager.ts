import { secure } from '../tls.ts'

/** `cloudresourcemanager.googleapis.com` behind a proxy of this machine, and nothing else of the world. */
export interface ResourceManager extends AsyncDisposable {
  /** What a step needs so that dbt finds it, whose address no setting of Google's library changes. */
  readonly env: Readonly<Record<string, string>>
  /** Method and path of each request. */
  readonly calls: readonly string[]
}

const HOST = 'cloudresourcemanager.googleapis.com'

/** Refuses as Google does whoever may not see the project (cloud.google.com/resource-manager/reference/rest/v1/projects/get). */
export async function startResourceManager(): Promise<ResourceManager> {
  const calls: string[] = []
  const refusal = { error: { code: 403, message: 'Permission denied', status: 'PERMISSION_DENIED' } }
  const server = await secure([HOST], {
    answer(res, req) {
      calls.push(`${req.method} ${req.url}`)
      res.writeHead(403, { 'content-type': 'application/json' }).end(JSON.stringify(refusal))
    },
  })
  const proxy = `http://127.0.0.1:${server.proxy}`
  return {
    // dbt must find the way past the proxy to whatever is on this machine, our broker above all.
    env: { HTTPS_PROXY: proxy, REQUESTS_CA_BUNDLE: server.ca },
    calls,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}
