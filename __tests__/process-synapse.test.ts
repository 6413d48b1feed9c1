import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { playEntra, type Entra } from './support/entra-server.ts'
import { GRANTED, openJob, type Job } from './support/job.ts'
import { placesOf, scanForLeaks } from './support/leaks.ts'
import { logOf, remainsOf } from './support/process.ts'

const TENANT = '72f988bf-86f1-41af-91ab-2d7cd011db47'
const APP = '8e8a1c2f-5b0e-4f0e-9d44-0f4f2f6f3a10'
const FILE = 'azure-federated-token'
const INPUTS = {
  ...GRANTED,
  connection:
    '{ type: synapse, driver: ODBC Driver 18 for SQL Server, host: acme.sql.azuresynapse.net, database: dwh, schema: dbt }',
  identity: `{ tenant: ${TENANT}, client-id: ${APP} }`,
}

let job: Job

const opened = async (stderr = ''): Promise<Job> =>
  openJob({}, { texts: [FILE], stderr, exit: stderr === '' ? 0 : 1 }, { 'dbt-synapse': '1.8.5' })

beforeEach(async () => {
  job = await opened()
})
afterEach(async () => {
  await job[Symbol.asyncDispose]()
})

/** Trades as azure-identity would, by the variables of dbt and the file that they name. */
async function trade(env: Readonly<Record<string, string>>, token: string): Promise<unknown> {
  const { host } = new URL(env['AZURE_AUTHORITY_HOST'] ?? '')
  const answer = await fetch(
    `${job.issuer.serverUrl}/_at/${host}/${env['AZURE_TENANT_ID'] ?? ''}/oauth2/v2.0/token`,
    {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: env['AZURE_CLIENT_ID'] ?? '',
        scope: 'https://database.windows.net//.default',
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: token,
      }).toString(),
    },
  )
  return answer.json()
}

function entraTrusts(subject: string): Entra {
  const audiences = ['api://AzureADTokenExchange']
  const credentials = [{ app: APP, name: 'dbt', issuer: job.issuer.issuer, subject, audiences }]
  return playEntra(job.issuer, { tenant: TENANT, credentials })
}

describe('dbt-synapse', () => {
  test('gets what azure-identity trades at Entra for this app, and no other way to be anybody', async () => {
    entraTrusts('repo:o/r:ref:refs/heads/main')
    await using step = await job.step({ inputs: INPUTS, env: { AZURE_CLIENT_SECRET: 'of-the-runner' } })
    expect([step.exitCode, remainsOf(step)]).toEqual([0, []])
    const [dbt] = job.dbt.runs()
    const { env = {}, texts = {}, profiles, profilesDir } = dbt ?? {}
    expect(env['AZURE_FEDERATED_TOKEN_FILE']).toBe(`${profilesDir ?? ''}/${FILE}`)
    expect([env['AZURE_TOKEN_CREDENTIALS'], env['AZURE_CLIENT_SECRET']]).toEqual([
      'WorkloadIdentityCredential',
      undefined,
    ])
    expect(profiles).toMatch(/authentication: "?auto"?\n[^]*login_timeout: 60/)
    const token = texts[FILE] ?? ''
    expect(await trade(env, token)).toMatchObject({ token_type: 'Bearer' })
    expect(scanForLeaks({ token, 'request token': job.issuer.requestToken }, placesOf([step]))).toEqual([])
  }, 60_000)

  test('is refused by Entra where that trusts another subject', async () => {
    entraTrusts('repo:o/r:environment:production')
    await using step = await job.step({ inputs: INPUTS })
    const [dbt] = job.dbt.runs()
    expect(step.exitCode).toBe(0)
    expect(await trade(dbt?.env ?? {}, dbt?.texts[FILE] ?? '')).toMatchObject({ error_codes: [700213] })
  }, 60_000)

  test('leaves later steps of prepared mode the file and its variables, until the post step', async () => {
    entraTrusts('repo:o/r:ref:refs/heads/main')
    await using step = await job.step({ inputs: { ...INPUTS, run: '' } })
    const env = Object.fromEntries(step.exportedEnv)
    const token = readFileSync(env['AZURE_FEDERATED_TOKEN_FILE'] ?? '', 'utf8')
    expect(await trade(env, token)).toMatchObject({ token_type: 'Bearer' })
    await using post = await step.post()
    expect([post.exitCode, remainsOf(step)]).toEqual([0, []])
  }, 60_000)
})

test('the log says what a refusal of Entra means, though it is the driver that meets it', async () => {
  await job[Symbol.asyncDispose]()
  job = await opened(
    "DefaultAzureCredential failed to retrieve a token from the included credentials.\nWorkloadIdentityCredential: Microsoft Entra ID error '(invalid_client) AADSTS700213: No matching federated identity record found'\n",
  )
  await using step = await job.step({ inputs: INPUTS })
  expect(step.exitCode).toBe(1)
  expect(logOf(step)).toContain(
    'No federated credential of the app has the subject `repo:o/r:ref:refs/heads/main`',
  )
}, 60_000)
