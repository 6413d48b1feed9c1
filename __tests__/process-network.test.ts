import { describe, expect, test } from '@jest/globals'
import { once } from 'node:events'
import { createServer, request, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { behindProxy, type Way } from './support/behind-proxy.ts'
import type { Issuer } from './support/issuer.ts'
import { sendJson } from './support/issuer-server.ts'
import { BROKERED, openBrokered } from './support/google/brokered.ts'
import { openJob, type Job } from './support/job.ts'
import { logOf, remainsOf } from './support/process.ts'
import type { StepResult } from './support/step.ts'

// The ways of companies to the outside, and what stands in them, as the built action meets them. Nothing of it is a
// rehearsal: the server has a name that no name server knows, and only the proxy leads there.

const GITHUB = 'github.acme.example:443'

interface Around {
  readonly job: Job
  readonly step: StepResult
  /** What the proxy was asked for, with the login that it was shown. */
  readonly asked: readonly string[]
}

/** Runs a step behind a proxy, with variables made of those that lead through it. */
async function behind(
  change: (proxy: string) => Readonly<Record<string, string | undefined>>,
  look: (around: Around) => Promise<void> | void,
  options: Way = {},
): Promise<void> {
  await using job = await openJob()
  await using inside = await behindProxy(job.issuer, [], options)
  const { HTTPS_PROXY = '', ...env } = inside.env
  await using step = await job.step({ env: { ...env, ...change(HTTPS_PROXY) } })
  await look({ job, step, asked: inside.asked })
}

/** A run like any other: dbt has run, and nothing stays. */
function wentThrough({ job, step }: Around): void {
  expect({ exitCode: step.exitCode, log: step.exitCode === 0 ? '' : logOf(step) }).toEqual({
    exitCode: 0,
    log: '',
  })
  expect([job.dbt.runs().length, remainsOf(step)]).toEqual([1, []])
}

/** A run that came to nothing, said once, before dbt; and nothing stays. */
async function endedBy({ job, step }: Around, code: string, words: RegExp): Promise<void> {
  expect([step.exitCode, job.dbt.runs(), remainsOf(step)]).toEqual([1, [], []])
  expect(logOf(step)).toContain(`✗ ${code}: `)
  expect(logOf(step)).toMatch(words)
  const post = await step.post()
  expect([post.exitCode, post.log.text]).toEqual([0, ''])
}

const direct = (proxy: string): Record<string, string> => ({ HTTPS_PROXY: proxy })
const login = (proxy: string): Record<string, string> => direct(proxy.replace('//', '//acme:p%40ss-word@'))
/** Lets nobody anywhere but to GitHub. */
const refused = (place: string): number | undefined => (place === GITHUB ? undefined : 403)

describe('a proxy is asked for all of GitHub', () => {
  test.each<[string, (proxy: string) => Readonly<Record<string, string>>]>([
    ['HTTPS_PROXY in upper case', (proxy) => ({ HTTPS_PROXY: proxy })],
    ['https_proxy in lower case', (proxy) => ({ https_proxy: proxy })],
    ['lower case before upper', (proxy) => ({ https_proxy: proxy, HTTPS_PROXY: 'http://127.0.0.1:1' })],
    ['another host in NO_PROXY', (proxy) => ({ HTTPS_PROXY: proxy, NO_PROXY: 'acme.test,.b.example' })],
    [
      'part of its name in NO_PROXY',
      (proxy) => ({ HTTPS_PROXY: proxy, NO_PROXY: 'b.acme.example,example.co' }),
    ],
    ['another port in NO_PROXY', (proxy) => ({ HTTPS_PROXY: proxy, NO_PROXY: 'github.acme.example:8443' })],
    ['addresses in NO_PROXY', (proxy) => ({ HTTPS_PROXY: proxy, NO_PROXY: '10.0.0.0/8,[::1],127.0.0.1' })],
  ])('with %s', async (_what, change) => {
    await behind(change, (around) => {
      wentThrough(around)
      expect(new Set(around.asked)).toEqual(new Set([`${GITHUB} `]))
    })
  })

  test('with its login, which is masked in each of its spellings', async () => {
    await behind(login, (around) => {
      wentThrough(around)
      const shown = `Basic ${Buffer.from('acme:p@ss-word').toString('base64')}`
      expect(new Set(around.asked)).toEqual(new Set([`${GITHUB} ${shown}`]))
      const { masks, text } = around.step.fullLog
      expect(masks).toEqual(expect.arrayContaining(['p@ss-word', 'p%40ss-word']))
      expect(text).not.toMatch(/p(?:@|%40)ss-word/)
    })
  })
})

describe('no proxy is asked, and no name server knows the name', () => {
  test.each([
    ['*', 'NO_PROXY'],
    ['.acme.example', 'NO_PROXY'],
    ['acme.example', 'no_proxy'],
    ['x.test,GITHUB.acme.example', 'NO_PROXY'],
    ['github.acme.example:443', 'NO_PROXY'],
  ])('where %s stands in %s', async (hosts, name) => {
    await behind(
      (proxy) => ({ HTTPS_PROXY: proxy, [name]: hosts }),
      async (around) => {
        await endedBy(around, 'id-token-endpoint', /could not be reached \((?:ENOTFOUND|EAI_AGAIN)\)/)
        expect(around.asked).toEqual([])
        expect(logOf(around.step)).toContain('Tried 3 times')
      },
    )
  })
})

describe('nothing is let through', () => {
  test.each<[string, (proxy: string) => Readonly<Record<string, string | undefined>>, Way, string, RegExp]>([
    [
      'by a proxy that lets nobody there',
      direct,
      { refused: () => 403 },
      'id-token-endpoint',
      /the proxy answered with status 403/,
    ],
    [
      'by a proxy that wants a login',
      direct,
      { refused: () => 407 },
      'id-token-endpoint',
      /the proxy answered with status 407/,
    ],
    [
      'by a proxy that is not there',
      () => ({ HTTPS_PROXY: 'http://127.0.0.1:1' }),
      {},
      'id-token-endpoint',
      /could not be reached \(ECONNREFUSED\)/,
    ],
    [
      'where the authority of the company is not named',
      (proxy) => ({ HTTPS_PROXY: proxy, NODE_EXTRA_CA_CERTS: undefined }),
      {},
      'id-token-endpoint',
      /certificate that is not trusted[^]*NODE_EXTRA_CA_CERTS/,
    ],
    [
      'under a certificate that has expired',
      direct,
      { days: 0.5 },
      'id-token-endpoint',
      /certificate that is not trusted \(CERT_HAS_EXPIRED\)/,
    ],
    [
      'under a certificate of another host',
      direct,
      { names: ['other.acme.example'] },
      'id-token-endpoint',
      /certificate that is not trusted \(ERR_TLS_CERT_ALTNAME_INVALID\)/,
    ],
    [
      'where certificates are not looked at',
      (proxy) => ({ HTTPS_PROXY: proxy, NODE_TLS_REJECT_UNAUTHORIZED: '0' }),
      {},
      'configuration',
      /NODE_TLS_REJECT_UNAUTHORIZED is 0/,
    ],
  ])('%s', async (_what, change, options, code, words) => {
    await behind(
      change,
      async (around) => {
        await endedBy(around, code, words)
        expect(around.step.log.commands.filter(({ name }) => name === 'error')).toHaveLength(1)
      },
      options,
    )
  })
})

/** Has the issuer answer at another address, where it then is at home. */
async function movedTo(issuer: Issuer, address: string): Promise<AsyncDisposable & { readonly url: string }> {
  const server = createServer(async (req, res) => {
    const { host: _own, connection: _way, ...headers } = req.headers
    const onward = request(`${issuer.serverUrl}${req.url ?? ''}`, { method: req.method ?? 'GET', headers })
    req.pipe(onward)
    const [answer] = (await once(onward, 'response')) as [IncomingMessage]
    res.writeHead(answer.statusCode ?? 502, { ...answer.headers, connection: 'close' })
    answer.pipe(res)
  })
  await once(server.listen(0, address), 'listening')
  const { port } = server.address() as AddressInfo
  const url = `http://${address.includes(':') ? `[${address}]` : address}:${port}`
  const own = `${url}/_services/token`
  issuer.claims({ iss: own })
  issuer.always('discovery', (_req, res) =>
    sendJson(res, { issuer: own, jwks_uri: `${own}/.well-known/jwks` }),
  )
  return {
    url,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
    },
  }
}

describe('a server that has an address of IPv6 alone', () => {
  test.each<[string, Readonly<Record<string, string>>]>([
    ['is found', {}],
    [
      'is found past the proxy, which would look for it on its own machine',
      { HTTP_PROXY: 'http://127.0.0.1:1', HTTPS_PROXY: 'http://127.0.0.1:1' },
    ],
  ])('%s', async (_what, env) => {
    await using job = await openJob()
    await using moved = await movedTo(job.issuer, '::1')
    // The toolkit, which asks for the token, takes names and addresses of IPv4 alone.
    await using step = await job.step({ env: { ...env, GITHUB_SERVER_URL: moved.url } })
    wentThrough({ job, step, asked: [] })
    expect(logOf(step)).toContain(`rehearsal: GitHub is ${moved.url}`)
  })
})

const GOOGLE = ['sts.googleapis.com', 'iamcredentials.googleapis.com']

test('a host of the exchange that the proxy keeps shut has a code of its own, and every host of the run is named', async () => {
  await using job = await openBrokered()
  await using inside = await behindProxy(job.issuer, GOOGLE, { refused })
  await using step = await job.step({ inputs: BROKERED, env: inside.env })
  expect([step.exitCode, step.outputs.get('result'), remainsOf(step)]).toEqual([1, 'failure', []])
  expect(job.dbt.runs().filter(({ command }) => command === 'build')).toEqual([])
  expect(logOf(step)).toMatch(/✗ host-unreachable: sts\.googleapis\.com could not be reached: .*\b403\b/)
  expect(logOf(step)).toContain(
    '  hosts: the step reaches sts.googleapis.com, iamcredentials.googleapis.com; dbt reaches bigquery.googleapis.com\n',
  )
  const post = await step.post()
  expect([post.exitCode, post.log.text]).toEqual([0, ''])
})

test('a host of the exchange that no name server knows has the same code, dbt is not started, and nothing stays', async () => {
  await using job = await openJob({}, {}, { 'dbt-postgres': '1.10.0' })
  await using inside = await behindProxy(job.issuer, [])
  await using step = await job.step({
    inputs: {
      run: 'build',
      ref: 'refs/heads/main',
      connection:
        '{ type: postgres, host: db.acme.example, port: 5432, dbname: shop, schema: dbt, user: dbt }',
      identity: '{ via: vault, url: https://vault.acme.example, role: dbt, database: { role: dbt } }',
    },
    env: { ...inside.env, NO_PROXY: 'vault.acme.example' },
  })
  expect([step.exitCode, step.outputs.get('result'), remainsOf(step)]).toEqual([1, 'failure', []])
  expect(job.dbt.runs().filter(({ command }) => command === 'build')).toEqual([])
  expect(logOf(step)).toMatch(
    /✗ host-unreachable: vault\.acme\.example could not be reached: .*(?:ENOTFOUND|EAI_AGAIN)/,
  )
  const post = await step.post()
  expect([post.exitCode, post.log.text]).toEqual([0, ''])
})
