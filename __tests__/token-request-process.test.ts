import { fileURLToPath } from 'node:url'
import { expect, jest, test } from '@jest/globals'
import { runChild } from './support/child.ts'
import { hang, redirect, reset, slow, status, truncated } from './support/faults.ts'
import { startIssuer, type Issuer } from './support/issuer.ts'
import { secure, type Secure } from './support/tls.ts'

// Children and pauses: enough even where the machine is busy with other things.
jest.setTimeout(30_000)

/** What the runner sets for a step. */
function stepOf(issuer: Issuer): Readonly<Record<string, string>> {
  return {
    GITHUB_SERVER_URL: issuer.serverUrl,
    ACTIONS_ID_TOKEN_REQUEST_URL: issuer.requestUrl,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: issuer.requestToken,
  }
}

/** One request in a process of its own, and how the process ended. */
async function alone(env: Readonly<Record<string, string>>, ...how: readonly string[]): Promise<unknown> {
  const script = fileURLToPath(new URL('support/token-ask.ts', import.meta.url))
  const { exitCode, stdout } = await runChild([process.execPath, script, '200', '600', ...how], {
    cwd: process.cwd(),
    env: { PATH: process.env['PATH'] ?? '', ...env },
  })
  return [stdout.trim().split('\n').at(-1), exitCode]
}

test('a promise of the toolkit that never settles does not end the process with exit code 0', async () => {
  await using issuer = await startIssuer()
  expect(await alone(stepOf(issuer), 'never')).toEqual(['refused id-token-endpoint', 1])
  expect(await alone(stepOf(issuer))).toEqual(['accepted', 0])
})

/** A step of github.com whose way to the endpoint leads through a proxy. */
function proxied(tls: Secure, more: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  return {
    GITHUB_SERVER_URL: 'https://github.com',
    ACTIONS_ID_TOKEN_REQUEST_URL: 'https://pipelines.test/idtoken?x=1',
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'request-token',
    HTTPS_PROXY: `http://127.0.0.1:${tls.proxy}`,
    NODE_EXTRA_CA_CERTS: tls.ca,
    ...more,
  }
}

test('through a proxy the answer is watched like any other', async () => {
  let answers = 0
  await using tls = await secure(['pipelines.test'], {
    answer: (res) => (++answers === 1 ? res.writeHead(500).end() : res.end('{"value":"aaa"}')),
  })
  expect(await alone(proxied(tls))).toEqual(['accepted', 0])
  // A slow machine finds the connection of the first answer closed, and opens another.
  expect([answers, tls.asked.length >= 2]).toEqual([2, true])
})

test('a proxy that refuses, and a certificate that is not trusted, are final and named', async () => {
  await using tls = await secure(['pipelines.test'], { refused: () => 407 })
  expect(await alone(proxied(tls))).toEqual(['refused id-token-endpoint', 1])
  expect(tls.asked).toHaveLength(1)
  await using strange = await secure(['other.test'])
  expect(await alone(proxied(strange))).toEqual(['refused id-token-endpoint', 1])
  expect(strange.asked).toHaveLength(1)
})

// The toolkit alone leaves the process with exit code 0 on the first of these.
test.each([
  ['a truncated answer', truncated, 'id-token-response'],
  ['a hang', hang, 'id-token-endpoint'],
  ['a slow body', slow, 'id-token-endpoint'],
  ['a reset', reset, 'id-token-endpoint'],
  ['a redirect', redirect('http://127.0.0.1:1/'), 'id-token-endpoint'],
  ['a status that the toolkit tries again by itself', status(503), 'id-token-endpoint'],
])('%s never ends a process with exit code 0', async (_name, handler, code) => {
  await using issuer = await startIssuer()
  issuer.always('idtoken', handler)
  expect(await alone(stepOf(issuer))).toEqual([`refused ${code}`, 1])
})
