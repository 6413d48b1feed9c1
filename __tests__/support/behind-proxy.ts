import { once } from 'node:events'
import { request, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Issuer } from './issuer.ts'
import { sendJson } from './issuer-server.ts'
import { secure, type SecureOptions } from './tls.ts'

/** GitHub on a server of a company, and the warehouse's vendor: behind its proxy, and with certificates of its own. */
export interface BehindProxy extends AsyncDisposable {
  /** For the step: where GitHub is, and the way there. */
  readonly env: Readonly<Record<string, string>>
  /** Where an address of GitHub is for who stands behind the proxy, too. */
  readonly reach: (url: string) => string
  /** What the proxy was asked for. */
  readonly asked: readonly string[]
}

const GITHUB = 'github.acme.example'
/** What `GITHUB_SERVER_URL` is there. */
export const SERVER = `https://${GITHUB}`
const ISSUER = `${SERVER}/_services/token`

/** What is wrong with the way there. */
export interface Way extends Pick<SecureOptions, 'days' | 'refused'> {
  /** Names of the certificate in place of the right ones. */
  readonly names?: readonly string[]
}

/** Puts an issuer, with what stands at its other origins, where nothing but the proxy leads. This is no rehearsal. */
export async function behindProxy(
  issuer: Issuer,
  hosts: readonly string[],
  { names, ...options }: Way = {},
): Promise<BehindProxy> {
  issuer.claims({ iss: ISSUER })
  issuer.always('discovery', (_req, res) =>
    sendJson(res, { issuer: ISSUER, jwks_uri: `${ISSUER}/.well-known/jwks` }),
  )
  const inside = await secure(names ?? [GITHUB, ...hosts], {
    ...options,
    answer: (res, req) => passOn(issuer, req, res),
  })
  return {
    env: {
      GITHUB_SERVER_URL: SERVER,
      ACTIONS_ID_TOKEN_REQUEST_URL: `${SERVER}/idtoken?api-version=2.0`,
      HTTPS_PROXY: `http://127.0.0.1:${inside.proxy}`,
      NODE_EXTRA_CA_CERTS: inside.ca,
    },
    reach: (url) => (url.startsWith(SERVER) ? issuer.serverUrl + url.slice(SERVER.length) : url),
    asked: inside.asked,
    [Symbol.asyncDispose]: () => inside[Symbol.asyncDispose](),
  }
}

/** Passes a request on to where the issuer keeps what stands at the origin that it was sent to. */
export async function passOn(issuer: Issuer, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const { host = '', connection: _own, ...headers } = req.headers
  const below = host === GITHUB ? '' : `/_at/${host}`
  const onward = request(`${issuer.serverUrl}${below}${req.url ?? ''}`, {
    ...(req.method !== undefined && { method: req.method }),
    headers,
  })
  req.pipe(onward)
  const [answer] = (await once(onward, 'response')) as [IncomingMessage]
  res.writeHead(answer.statusCode ?? 502, { ...answer.headers, connection: 'close' })
  answer.pipe(res)
}
