import { describe, expect, test } from '@jest/globals'
import type { ClaimSet } from '../support/github-claims.ts'
import { ACCOUNT } from '../support/google/bench.ts'
import { openSetting, same, type Edit } from '../support/google/setting.ts'
import { placesOf, scanForLeaks } from '../support/leaks.ts'
import { logOf, remainsOf } from '../support/process.ts'

const none = (): ClaimSet => ({})

const impersonated = { 'service-account': ACCOUNT }

describe('dbt builds the demo project in BigQuery', () => {
  test.each([
    ['as a service account', impersonated],
    ['as the federated identity itself', {}],
  ])(
    '%s',
    async (_name, identity) => {
      await using setting = await openSetting({ identity })
      await using step = await setting.build()
      expect({ exitCode: step.exitCode, log: step.exitCode === 0 ? '' : logOf(step) }).toEqual({
        exitCode: 0,
        log: '',
      })
      expect(logOf(step)).toMatch(/Done\. PASS=\d+ WARN=0 ERROR=0/)
      expect(setting.bigquery.calls.length).toBeGreaterThan(20)
      expect(setting.bigquery.calls.filter((call) => /40[13]$/.test(call))).toEqual([])
      expect(remainsOf(step)).toEqual([])
      const secrets = Object.fromEntries(setting.issuer.minted.map((token, at) => [`token${at}`, token]))
      expect(scanForLeaks(secrets, placesOf([step]))).toEqual([])
    },
    240_000,
  )
})

describe('dbt is not let in where the trust is broken, and the cause is named', () => {
  const condition = 'rejected by the attribute condition'
  const broken: readonly [string, Edit, () => ClaimSet, readonly string[]][] = [
    ['another branch', same, () => ({ ref: 'refs/heads/dev' }), [condition, 'ref: refs/heads/dev']],
    ['another environment', same, () => ({ environment: 'staging' }), [condition, 'environment: staging']],
    [
      'an audience that the provider does not list',
      (text) => text.replace(/--allowed-audiences=\S+/, '--allowed-audiences=https://other.example'),
      none,
      ['The audience in ID Token', 'does not take tokens for the audience'],
    ],
    [
      'an issuer that the provider does not trust',
      (text) => text.replace(/--issuer-uri=\S+/, '--issuer-uri=https://token.actions.githubusercontent.com'),
      none,
      ['The issuer in ID Token', 'does not trust the issuer'],
    ],
    [
      'a token that has expired on the way',
      same,
      () => {
        const now = Math.floor(Date.now() / 1000)
        return { iat: now - 60, nbf: now - 360, exp: now - 5 }
      },
      ['is stale to sign-in', 'Check the clock of the runner'],
    ],
    [
      'a service account that is not bound',
      (text) => text.replace('/dbt-prod:456', '/dbt-prod:457'),
      none,
      ["Permission 'iam.serviceAccounts.getAccessToken' denied", 'attribute.dbt_oidc/dbt-prod:456'],
    ],
    [
      'another repository',
      (text) => text.replaceAll('"456"', '"999"'),
      none,
      [condition, 'repository_id: 456'],
    ],
  ]
  test.each(broken)('%s', async (_name, edit, claims, said) => {
    await using setting = await openSetting({ identity: impersonated, edit })
    await using step = await setting.build(claims())
    expect(step.exitCode).toBe(1)
    for (const text of said) expect(logOf(step)).toContain(text)
    expect([setting.bigquery.calls, remainsOf(step)]).toEqual([[], []])
  })

  test.each([
    ['jobUser', 'viewer', 'bigquery.jobs.create', 'run --select stg_orders'],
    ['dataEditor', 'dataViewer', 'bigquery.datasets.get', 'build'],
  ])('without roles/bigquery.%s', async (role, other, permission, run) => {
    const edit: Edit = (text) => text.replaceAll(`bigquery.${role}`, `bigquery.${other}`)
    await using setting = await openSetting({ identity: impersonated, edit })
    // Of a refused upload, with which a seed begins, dbt's driver tells no more than the status.
    await using step = await setting.build({}, { run })
    expect(step.exitCode).toBe(1)
    expect(logOf(step)).toContain(`User does not have ${permission} permission in project acme-prod`)
  })
})

describe('a preflight', () => {
  const preflight = { preflight: 'true', run: 'ls' }

  test('tells who BigQuery says we are', async () => {
    await using setting = await openSetting({ identity: impersonated })
    await using step = await setting.build({}, preflight)
    expect({ exitCode: step.exitCode, log: step.exitCode === 0 ? '' : logOf(step) }).toEqual({
      exitCode: 0,
      log: '',
    })
    for (const line of ['✓ project   acme-prod', `✓ user      ${ACCOUNT}`, '✓ location  EU'])
      expect(logOf(step)).toContain(line)
  })

  test.each([
    [
      'is refused without the right to run jobs',
      (text: string) => text.replace('bigquery.jobUser', 'bigquery.viewer'),
      'The identity may not run jobs in acme-prod.',
    ],
    [
      'stops where the dataset lies elsewhere',
      (text: string) => text.replace('"EU"', '"europe-west3"'),
      'location is europe-west3 and not EU',
    ],
  ])('%s', async (_name, edit, said) => {
    await using setting = await openSetting({ identity: impersonated, edit })
    await using step = await setting.build({}, preflight)
    expect([step.exitCode, remainsOf(step)]).toEqual([1, []])
    expect(logOf(step)).toContain(said)
    expect(logOf(step)).not.toContain('Running with dbt')
  })
})

test('BigQuery’s front takes no token but its own', async () => {
  await using setting = await openSetting({ identity: impersonated })
  for (const token of ['made-up', setting.issuer.mint('x')]) {
    const answer = await fetch(`${setting.bigquery.endpoint}/bigquery/v2/projects/acme-prod/jobs`, {
      headers: { authorization: `Bearer ${token}` },
    })
    expect(answer.status).toBe(401)
  }
})
