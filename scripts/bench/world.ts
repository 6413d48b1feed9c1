import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { apply, newCloud } from '../../__tests__/support/aws/account.ts'
import { ACCOUNT as AWS_ACCOUNT, HOST, REGION, ROLE } from '../../__tests__/support/aws/bench.ts'
import { newSts } from '../../__tests__/support/aws/sts.ts'
import { configOf } from '../../__tests__/support/config-of.ts'
import { ACCOUNT, PROVIDER } from '../../__tests__/support/google/bench.ts'
import { standInForGoogle } from '../../__tests__/support/google/cloud.ts'
import { startIssuer, type Issuer } from '../../__tests__/support/issuer.ts'
import { playVault } from '../../__tests__/support/vault-server.ts'
import { trustDocuments } from '../../src/trust/request.ts'
import type { TrustDocument } from '../../src/trust.ts'

/** GitHub, Google, AWS and Vault on one loopback server: each verifies the token and trusts what our documents say. */
export interface World extends AsyncDisposable {
  readonly issuer: Issuer
  /** AWS's token service at an address of its own: a client that is sent there signs another host than ours does. */
  readonly awsEndpoint: string
  readonly vaultUrl: string
  /** How often the server was asked by others than itself: those who verify a token look for its keys, too. */
  readonly asked: () => number
  /** Our inputs for each exchange. */
  readonly inputs: Readonly<Record<Exchange, Inputs>>
}

/** What is exchanged for what. */
export type Exchange = 'none' | 'google' | 'google-direct' | 'aws' | 'vault'

type Inputs = Readonly<Record<string, string>>

export { ACCOUNT, PROVIDER, REGION, ROLE }
/** Where the secret lies in Vault, and its only field. */
export const SECRET = { path: 'motherduck/dbt', field: 'token' }
export const VAULT_ROLE = 'dbt'

/** Starts the server and sets the trust up. */
export async function openWorld(): Promise<World> {
  const issuer = await startIssuer()
  let own = 0
  const count = (): void => void (own += 1)
  subscribe('undici:request:create', count)
  const vault = playVault(issuer, {
    kept: (path) => (path === SECRET.path ? { [SECRET.field]: 'kept-by-vault' } : undefined),
  })
  const inputs = inputsOf(vault.url)
  const documents = async (exchange: Exchange): Promise<readonly string[]> => {
    const config = await configOf({ inputs: inputs[exchange], serverUrl: issuer.serverUrl })
    const all = await Promise.all([...config.targets.values()].map((one) => trustDocuments(config, one)))
    return all
      .flat()
      .filter(isShell)
      .map(({ text }) => text)
  }
  standInForGoogle(issuer, await documents('google'))
  const cloud = newCloud()
  for (const text of await documents('aws')) apply(cloud, text, AWS_ACCOUNT)
  issuer.at(HOST, newSts({ cloud, region: REGION, host: HOST }).handler)
  const theirs = newSts({ cloud, region: REGION, host: new URL(issuer.serverUrl).host })
  // What is signed is the whole path.
  const awsEndpoint = issuer.route('/aws', (req, res) => theirs.handler(req, res, req.url ?? '/'))
  for (const text of await documents('vault')) vault.apply(text)
  return {
    issuer,
    awsEndpoint,
    vaultUrl: vault.url,
    inputs,
    asked: () => issuer.requests.length - own,
    async [Symbol.asyncDispose]() {
      unsubscribe('undici:request:create', count)
      await issuer.close()
    },
  }
}

function isShell({ language }: TrustDocument): boolean {
  return language === 'sh'
}

function inputsOf(vaultUrl: string): Record<Exchange, Inputs> {
  const bigquery = { type: 'bigquery', project: 'acme-prod', dataset: 'analytics', location: 'EU' }
  return {
    none: given({ type: 'duckdb', path: 'bench.duckdb' }),
    google: given(bigquery, { provider: PROVIDER, 'service-account': ACCOUNT }),
    'google-direct': given(bigquery, { provider: PROVIDER }),
    aws: given(
      { type: 'duckdb', path: ':memory:', external_root: 's3://acme-lake/dbt' },
      { via: 'aws', role: ROLE, region: REGION },
    ),
    vault: given(
      { type: 'duckdb', path: 'md:shop' },
      { via: 'vault', url: vaultUrl, role: VAULT_ROLE, secret: SECRET },
    ),
  }
}

function given(connection: object, identity?: object): Inputs {
  return {
    connection: JSON.stringify(connection),
    ...(identity && { identity: JSON.stringify(identity) }),
    ref: 'refs/heads/main',
    claims: "{ repository_id: '456', repository_owner_id: '123' }",
    until: 'exchange',
    // Others write none.
    summary: 'false',
  }
}
