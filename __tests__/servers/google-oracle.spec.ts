import { describe, expect, test } from '@jest/globals'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { recipeOf } from '../../src/exchanges/google/recipe.ts'
import { settings } from '../../src/exchanges/google/settings.ts'
import { ACCOUNT, openBench, PROVIDER, type Bench } from '../support/google/bench.ts'
import type { Seen } from '../support/google/cloud.ts'
import { serversPython } from '../support/python.ts'
import { parseRecord } from '../support/shape.ts'

const ORACLE = join(import.meta.dirname, '..', 'support', 'google', 'oracle.py')
const ADC = join(import.meta.dirname, '..', 'support', 'google', 'adc.py')
const SCOPES = ['https://www.googleapis.com/auth/bigquery']
const ONE = 'one@acme-prod.iam.gserviceaccount.com'

/** What of a request says who is wanted and for what; `x-goog-api-client` and the like name the library. */
interface Wire {
  readonly host: string
  readonly path: string
  readonly type: string
  readonly bearer: boolean
  readonly body: Readonly<Record<string, unknown>>
}

function wireOf({ host, path, headers, body }: Seen): Wire {
  const type = String(headers['content-type']).replace(/;.*$/, '')
  const json = type === 'application/json'
  const { subject_token: _fresh, ...said } = json
    ? parseRecord(body)
    : Object.fromEntries(new URLSearchParams(body))
  return {
    host,
    path,
    type,
    bearer: String(headers['authorization']).startsWith('Bearer ya29.d.'),
    body: said,
  }
}

/** The requests of our trade, and those of google-auth for Python for the same job, against the same Google. */
async function both(identity: {
  readonly lifetime?: number
  readonly delegates?: readonly string[]
  readonly 'service-account'?: string
}): Promise<{ readonly ours: readonly Wire[]; readonly theirs: readonly Wire[] }> {
  await using bench = await openBench({ identity })
  await bench.trade()
  const ours = bench.google.seen.map(wireOf)
  await ask(bench, identity)
  const theirs = bench.google.seen.slice(ours.length).map(wireOf)
  expect(bench.google.seen.map(({ status }) => status)).toEqual(bench.google.seen.map(() => 200))
  return { ours, theirs }
}

async function ask(bench: Bench, identity: Parameters<typeof both>[0]): Promise<void> {
  const at = `${bench.issuer.serverUrl}/_at`
  const account = identity['service-account']
  const input = {
    token: bench.issuer.mint(`https://iam.googleapis.com/${PROVIDER}`),
    audience: `//iam.googleapis.com/${PROVIDER}`,
    sts: `${at}/sts.googleapis.com/v1/token`,
    iam: `${at}/iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/${account}:generateAccessToken`,
    account,
    scopes: SCOPES,
    delegates: identity.delegates?.map((one) => `projects/-/serviceAccounts/${one}`),
    lifetime: identity.lifetime ?? 3600,
  }
  await python(ORACLE, input)
}

async function python(script: string, input: unknown): Promise<Record<string, unknown>> {
  const child = spawn(serversPython(), ['-B', script], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH },
  })
  child.stdin.end(JSON.stringify(input))
  const [said, fault] = await Promise.all([text(child.stdout), text(child.stderr)])
  if (!said.includes('expires')) throw new Error(`the oracle failed:\n${fault}`)
  return parseRecord(said)
}

describe('our trade and google-auth for Python send the same', () => {
  test('where the federated identity itself is wanted', async () => {
    const { ours, theirs } = await both({})
    expect(ours).toEqual(theirs)
    expect(ours).toHaveLength(1)
  })

  test('where a service account is wanted', async () => {
    const { ours, theirs } = await both({ 'service-account': ACCOUNT, lifetime: 900 })
    // The one difference: we leave the field out where there is nobody to delegate.
    expect(theirs[1]?.body).toEqual({ ...ours[1]?.body, delegates: null })
    expect(theirs).toEqual([ours[0], { ...ours[1], body: theirs[1]?.body }])
  })

  test('where it is reached through a delegate', async () => {
    const { ours, theirs } = await both({ 'service-account': ACCOUNT, delegates: [ONE], lifetime: 900 })
    expect(ours).toEqual(theirs)
  })
})

describe('the credential file for a driver that trades by itself', () => {
  test.each([
    ['a service account', { 'service-account': ACCOUNT, lifetime: 900 }, `serviceAccount:${ACCOUNT}`],
    ['the federated identity', {}, 'attribute.dbt_oidc/dbt-prod:456'],
  ])('makes google-auth for Python %s', async (_name, identity, member) => {
    await using bench = await openBench({ identity })
    const { issuer, google } = bench
    const parsed = settings.parse({ provider: PROVIDER, ...identity })
    const recipe = JSON.stringify(recipeOf(parsed)).replaceAll('"https://', `"${issuer.serverUrl}/_at/`)
    const credential_source = {
      url: `${issuer.requestUrl}&audience=${encodeURIComponent(bench.target.exchange.audience({}))}`,
      headers: { Authorization: `Bearer ${issuer.requestToken}` },
      format: { type: 'json', subject_token_field_name: 'value' },
    }
    const { token } = await python(ADC, {
      adc: { ...parseRecord(recipe), credential_source },
      scopes: SCOPES,
    })
    const holder = google.tokens.holderOf(`Bearer ${String(token)}`)
    expect(holder?.members).toContainEqual(expect.stringContaining(member))
    expect(holder?.scopes).toEqual(SCOPES)
  })

  test('does not exist where it would have to name delegates', () => {
    const identity = { provider: PROVIDER, 'service-account': ACCOUNT, delegates: [ONE] }
    expect(recipeOf(settings.parse(identity))).toBeUndefined()
  })
})
