import { afterAll, beforeAll, expect, test } from '@jest/globals'
import entra from '../../src/exchanges/entra.ts'
import { runChild } from '../support/child.ts'
import { readBody, sendJson } from '../support/issuer-server.ts'
import { startIssuer, type Issuer } from '../support/issuer.ts'
import { serversPython } from '../support/python.ts'
import { worldOf } from '../support/world.ts'

const TENANT = '72f988bf-86f1-41af-91ab-2d7cd011db47'
const APP = '8e8a1c2f-5b0e-4f0e-9d44-0f4f2f6f3a10'
const SCOPE = 'https://database.windows.net/.default'

/** Microsoft's own client; its requests are led to this machine, as ours are in a rehearsal. */
const MSAL = `
import sys, msal, requests
server, tenant, app, scope, assertion = sys.argv[1:]
class Loopback:
    def __init__(self): self.session = requests.Session()
    def at(self, url): return url.replace('https://', server + '/_at/', 1)
    def get(self, url, **kwargs): return self.session.get(self.at(url), **kwargs)
    def post(self, url, **kwargs): return self.session.post(self.at(url), **kwargs)
    def close(self): self.session.close()
client = msal.ConfidentialClientApplication(
    app, authority='https://login.microsoftonline.com/' + tenant, http_client=Loopback(),
    instance_discovery=False, client_credential={'client_assertion': lambda: assertion})
result = client.acquire_token_for_client([scope])
assert result.get('access_token') == 'entra-access', result
`

interface Recorded {
  readonly path: string
  readonly method: string
  readonly type: string
  readonly form: Readonly<Record<string, string>>
}

let issuer: Issuer
const recorded: Recorded[] = []

beforeAll(async () => {
  issuer = await startIssuer()
  const base = `https://login.microsoftonline.com/${TENANT}`
  issuer.at('login.microsoftonline.com', async (req, res, path) => {
    if (path.endsWith('/.well-known/openid-configuration'))
      return sendJson(res, {
        issuer: `${base}/v2.0`,
        token_endpoint: `${base}/oauth2/v2.0/token`,
        authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
      })
    recorded.push({
      path,
      method: req.method ?? '',
      type: req.headers['content-type'] ?? '',
      form: Object.fromEntries(new URLSearchParams(await readBody(req))),
    })
    return sendJson(res, { token_type: 'Bearer', expires_in: 3599, access_token: 'entra-access' })
  })
})

afterAll(() => issuer.close())

test("our request is that of Microsoft's own client, but for what only tells who is asking", async () => {
  const world = worldOf(issuer)
  await entra.bind({ tenant: TENANT, 'client-id': APP }).trade({ scope: SCOPE }, world.mint, world.io)
  const [assertion = ''] = world.tokens
  const args = [issuer.serverUrl, TENANT, APP, SCOPE, assertion]
  const ended = await runChild([serversPython(), '-c', MSAL, ...args], { cwd: '/', env: {} })
  expect([ended.exitCode, ended.stderr]).toEqual([0, ''])
  const [ours, theirs, ...more] = recorded
  expect(more).toEqual([])
  // msal asks for the client's own data in the answer (`client_info`), which is for its cache of accounts.
  const { client_info, ...form } = theirs?.form ?? {}
  expect(client_info).toBe('1')
  expect({ ...ours, form: ours?.form }).toEqual({ ...theirs, form })
}, 60_000)
