// Logs in through a login proxy to the origin that is the first argument, and prints status and answer.
import { createStreams } from '../../../src/http.ts'
import { startLoginProxy } from '../../../src/keepalive/login-proxy.ts'
import { LOGIN, loginBody } from './proxied.ts'

const origin = process.argv[2] ?? ''
const proxy = await startLoginProxy({
  origin,
  open: await createStreams({ rehearsal: undefined, env: process.env })(origin),
  token: async () => 'fresh',
  mask: () => undefined,
  unreachable: (_host, reason) => console.log(reason),
})
const answer = await fetch(`http://127.0.0.1:${proxy.port}${LOGIN}`, {
  method: 'POST',
  body: loginBody(proxy.placeholder),
})
console.log(answer.status, await answer.text())
await proxy.close()
