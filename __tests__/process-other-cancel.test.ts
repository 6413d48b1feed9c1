import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { installDbtStub, type DbtStub } from './support/dbt-stub.ts'
import { startIssuer, type Issuer } from './support/issuer.ts'
import { PROJECT } from './support/job.ts'
import { otherJob, playIssuer, tokenOf, type Moment, type OtherEnded } from './support/other-issuers.ts'
import { KUBERNETES } from './support/other-payloads.ts'
import { playVault, type Vault } from './support/vault-server.ts'

// A job of a pod whose database user is on loan from Vault: whatever ends it, the loan ends with it.

let issuer: Issuer
let vault: Vault
let dbt: DbtStub
let directory: string
let url: string
/** Users of the database that live. */
const users = new Set<string>()

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'other-cancel-'))
  issuer = await startIssuer()
  url = playIssuer(issuer, 'cluster')
  vault = playVault(issuer, {
    make: (user) => void users.add(user),
    drop: (user) => void users.delete(user),
  })
  vault.apply(trust())
  dbt = await installDbtStub(join(directory, 'env'), { packages: { 'dbt-postgres': '1.11.0' } })
})
afterAll(async () => {
  await issuer.close()
  rmSync(directory, { recursive: true, force: true })
})

const trust = (): string => `vault write auth/jwt/config oidc_discovery_url=${url} bound_issuer=${url}
vault write auth/jwt/role/dbt-prod - <<'VAULT_END'
${JSON.stringify({
  role_type: 'jwt',
  user_claim: 'sub',
  bound_audiences: ['vault'],
  bound_claims_type: 'string',
  bound_claims: { sub: KUBERNETES['sub'] },
  claim_mappings: {},
  token_policies: ['dbt-oidc-prod'],
  token_ttl: '1h',
  token_type: 'service',
})}
VAULT_END
vault policy write dbt-oidc-prod - <<'VAULT_END'
path "database/creds/dbt-prod" {
  capabilities = ["read"]
}
VAULT_END`

const policy = (): string => `
issuers: { cluster: { url: ${url}, like: kubernetes } }
targets:
  prod:
    connection: { type: postgres, host: 127.0.0.1, port: 5432, user: dbt, dbname: d, schema: s }
    identity: { via: vault, url: ${vault.url}, role: dbt-prod, database: { role: dbt-prod } }
    audience: vault
grants: [{ name: airflow, issuer: cluster, target: prod, when: { sub: 'system:serviceaccount:airflow:dbt' } }]
`

function job(
  behaviour: Parameters<DbtStub['behave']>[0],
  when: Moment | readonly Moment[],
): Promise<OtherEnded> {
  dbt.behave(behaviour)
  return otherJob({
    args: ['--issuer', 'cluster', '--token-variable', 'DBT_TOKEN', '--', 'dbt', 'build'],
    files: { ...PROJECT, '.github/dbt-oidc.yml': policy() },
    path: [dbt.bin],
    env: { GITHUB_SERVER_URL: issuer.serverUrl, DBT_TOKEN: tokenOf(issuer, url, KUBERNETES, 'vault') },
    when,
  })
}

const signalled = (signal: NodeJS.Signals): Moment => ({
  said: 'READY',
  act: (pid) => void process.kill(pid, signal),
})

const lives = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** The user that dbt was given; what is left of it, and of dbt. */
const loan = (): unknown => {
  const { pid = 0, profiles } = dbt.runs().at(-1) ?? {}
  const user = /user: "([^"]*)"/.exec(profiles ?? '')?.[1] ?? ''
  return { given: user.startsWith('v-jwt-'), users: [...users], tokens: vault.tokens(), dbt: lives(pid) }
}
const GONE = { given: true, users: [], tokens: [], dbt: false }

describe('a job that is ended while dbt runs', () => {
  test.each<[NodeJS.Signals, number]>([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ])('by %s ends with %i: the loan is given back, dbt is gone, no file is left', async (signal, expected) => {
    const { code, all, left } = await job({ build: { hang: true } }, signalled(signal))
    expect([code, left, loan()]).toEqual([expected, false, GONE])
    expect(all).toContain('✗ cancelled')
    expect(all).not.toMatch(/hvs\.|post step|workflow/)
  })

  test('is over with its dbt, also where that minds no signal', async () => {
    const build = { hang: true, ignore: ['SIGINT', 'SIGTERM'] as const }
    const { code, left } = await job({ build }, signalled('SIGTERM'))
    expect([code, left, loan()]).toEqual([143, false, GONE])
  })
})

test('a dbt that something else has ended says so by its own signal', async () => {
  const { code, left } = await job({ build: { signal: 'SIGKILL' } }, [])
  expect([code, left, loan()]).toEqual([137, false, GONE])
})
