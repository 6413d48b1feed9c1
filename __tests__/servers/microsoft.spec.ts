import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { globSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ensureOdbc } from '../../scripts/servers/odbc.ts'
import { trustDocuments } from '../../src/trust/request.ts'
import { passOn } from '../support/behind-proxy.ts'
import { selfSigned } from '../support/certificate.ts'
import { configOf } from '../support/config-of.ts'
import { playEntra, type Entra } from '../support/entra-server.ts'
import { sendJson } from '../support/issuer-server.ts'
import { startIssuer, type Issuer } from '../support/issuer.ts'
import { placesOf, scanForLeaks } from '../support/leaks.ts'
import { credentialsIn } from '../support/models/entra.ts'
import { logOf, PROJECT, QUIET, remainsOf } from '../support/process.ts'
import { pythonOf } from '../support/python.ts'
import { runStep, type StepResult } from '../support/step.ts'
import { startSqlServer, type SqlServer } from '../support/tds/server.ts'
import { usersIn } from '../support/tds/users.ts'
import { secure, type Secure } from '../support/tls.ts'

// Microsoft's own driver, by the adapters that use it, at a server that takes its token over TLS and verifies it: Entra's keys,
// the tenant, the resource, the end, and whether our own documents have made a user for who holds it.

const ENTRA = 'login.microsoftonline.com'
const TENANT = '72f988bf-86f1-41af-91ab-2d7cd011db47'
const APP = '8e8a1c2f-5b0e-4f0e-9d44-0f4f2f6f3a10'
const OTHER = {
  app: '11111111-2222-4333-8444-555555555555',
  sid: '11111111222233438444555555555555',
}
/** Where the drivers look; two of the adapters take no other. */
const PORT = 1433
const ADAPTERS = ['fabric', 'sqlserver', 'synapse'] as const
type Adapter = (typeof ADAPTERS)[number]

let issuer: Issuer
let login: Secure
let driver: string
let libraries: string
let entra: Entra

beforeAll(async () => {
  libraries = ensureOdbc()
  const inside = join(
    dirname(dirname(pythonOf('microsoft'))),
    'lib',
    '*',
    'site-packages',
    'mssql_python_odbc',
  )
  driver = globSync(join(inside, 'libs', 'linux', 'debian_ubuntu', '*', 'lib', 'libmsodbcsql-*'))[0] ?? ''
  issuer = await startIssuer({ claims: { environment: 'production' } })
  login = await secure([ENTRA], {
    answer: (res, req) =>
      req.url?.endsWith('/.well-known/openid-configuration')
        ? sendJson(res, ENDPOINTS)
        : passOn(issuer, req, res),
  })
}, 120_000)

afterAll(async () => {
  await login?.[Symbol.asyncDispose]()
  await issuer?.close()
})

const ENDPOINTS = {
  issuer: `https://${ENTRA}/${TENANT}/v2.0`,
  token_endpoint: `https://${ENTRA}/${TENANT}/oauth2/v2.0/token`,
  authorization_endpoint: `https://${ENTRA}/${TENANT}/oauth2/v2.0/authorize`,
}

function inputs(adapter: Adapter): Record<string, string> {
  const connection = {
    type: adapter,
    host: 'localhost',
    database: 'shop',
    schema: 'analytics',
    trust_cert: true,
    retries: 1,
    ...(adapter === 'fabric' ? {} : { driver }),
  }
  return {
    run: 'run-operation ask',
    connection: JSON.stringify(connection),
    identity: JSON.stringify({ tenant: TENANT, 'client-id': APP }),
    repository: 'o/r',
    environment: 'production',
  }
}

const FILES = {
  ...PROJECT,
  'macros/ask.sql':
    "{% macro ask() %}{% do log(run_query('select 1 as id').columns[0].values(), info=true) %}{% endmacro %}\n",
}

function run(adapter: Adapter): Promise<StepResult> {
  return runStep({
    issuer,
    files: FILES,
    path: [dirname(pythonOf(adapter === 'synapse' ? 'synapse' : 'microsoft'))],
    env: {
      ...QUIET,
      LD_LIBRARY_PATH: libraries,
      HTTPS_PROXY: `http://127.0.0.1:${login.proxy}`,
      REQUESTS_CA_BUNDLE: login.ca,
    },
    inputs: inputs(adapter),
    deadline: 240_000,
  })
}

/** Lets Entra and the database do what our documents say, changed as a test says. */
async function given(
  adapter: Adapter,
  edit: (text: string, at: 'entra' | 'database') => string,
): Promise<SqlServer> {
  const config = await configOf({ serverUrl: issuer.serverUrl, inputs: inputs(adapter) })
  const [target] = config.targets.values()
  const [federated, ...more] = target ? await trustDocuments(config, target) : []
  entra = playEntra(issuer, {
    tenant: TENANT,
    credentials: credentialsIn(edit(federated?.text ?? '', 'entra')),
  })
  const known = usersIn(edit(more.map(({ text }) => text).join('\n'), 'database'))
  return startSqlServer({
    tls: selfSigned(['localhost', '127.0.0.1']),
    port: PORT,
    tenant: TENANT,
    keys: `${issuer.serverUrl}/_at/${ENTRA}/${TENANT}/discovery/v2.0/keys`,
    knows: ({ oid }) => known.includes(String(oid)),
  })
}

const same = (text: string): string => text

describe.each(ADAPTERS)('dbt-%s with the driver of Microsoft', (adapter) => {
  test('is let in by a token of Entra that its server verifies, and asks it something', async () => {
    await using server = await given(adapter, same)
    await using step = await run(adapter)
    expect({ exitCode: step.exitCode, log: step.exitCode === 0 ? '' : logOf(step) }).toEqual({
      exitCode: 0,
      log: '',
    })
    expect(server.statements.some((text) => text.includes('select 1 as id'))).toBe(true)
    expect(server.logins.map(({ accepted }) => accepted)).not.toContain(false)
    expect(entra.issued).toContain(server.logins.at(-1)?.token)
    const secrets = Object.fromEntries(
      [...issuer.minted, ...entra.issued].map((token, at) => [`token${at}`, token]),
    )
    expect([remainsOf(step), scanForLeaks(secrets, placesOf([step]))]).toEqual([[], []])
  }, 300_000)

  test('is refused by a database that has a user for another app, and the log says what is missing', async () => {
    await using server = await given(adapter, (text, at) => (at === 'database' ? elsewhere(text) : text))
    await using step = await run(adapter)
    expect([step.exitCode, remainsOf(step)]).toEqual([1, []])
    expect(logOf(step)).toMatch(/localhost took the token, and (?:the database|the pool|its holder)/)
    expect([server.statements, server.logins.some(({ accepted }) => accepted)]).toEqual([[], false])
  }, 300_000)

  test('is refused by Entra where that trusts another subject, and the log says which', async () => {
    await using server = await given(adapter, (text, at) =>
      at === 'entra' ? text.replaceAll('environment:production', 'environment:staging') : text,
    )
    await using step = await run(adapter)
    expect([step.exitCode, remainsOf(step)]).toEqual([1, []])
    expect(logOf(step)).toContain(
      'No federated credential of the app has the subject `repo:o/r:environment:production`',
    )
    expect([server.logins, entra.issued]).toEqual([[], []])
  }, 300_000)
})

/** The same documents for another app. */
function elsewhere(text: string): string {
  return text.replaceAll(APP, OTHER.app).replace(/SID = 0x[0-9A-F]{32}/, `SID = 0x${OTHER.sid}`)
}
