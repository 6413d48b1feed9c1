import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Peer, PeerName } from './peers.ts'
import { ACCOUNT, PROVIDER, REGION, ROLE, SECRET, VAULT_ROLE, type Exchange, type World } from './world.ts'

/** One process that is measured. */
export interface Contestant {
  readonly name: string
  readonly version: string
  /** Arguments of node. */
  readonly args: readonly string[]
  readonly actionFile?: string
  readonly inputs: Readonly<Record<string, string>>
  readonly env: Readonly<Record<string, string>>
  /** Directory in front of PATH. */
  readonly path?: string
}

/** Contestants that do the same. */
export interface Contest {
  readonly title: string
  /** What is the same, and what is not. */
  readonly note: string
  readonly ours: Contestant
  readonly peer?: Contestant
  /** Our CPU time as a part of the peer's, at most; and what would be better still. */
  readonly cpu?: { readonly most: number; readonly stretch: number }
}

const ROOT = join(import.meta.dirname, '..', '..')

/** The bare runtime, below which nothing can come. */
export const BARE: Contestant = {
  name: 'node -e 0',
  version: process.version,
  args: ['-e', '0'],
  inputs: {},
  env: {},
}

/** Ours alone: whatever is compared with somebody, and what nobody else does. */
export function ownContests(world: World, scratch: string): readonly Contest[] {
  const { inputs } = world
  return [
    { title: 'DuckDB, no exchange', note: '', ours: ours(inputs.none) },
    {
      title: 'Snowflake, the token itself',
      note: '',
      ours: ours({
        ...inputs.none,
        connection: '{ type: snowflake, account: acme, database: D, schema: S }',
      }),
    },
    ...listed(world, scratch).map((one) => ({ title: one.title, note: '', ours: one.ours })),
  ]
}

/** Ours beside each peer that is there. `scratch` is for what stands in for other programs. */
export function contests(
  world: World,
  peers: ReadonlyMap<PeerName, Peer>,
  scratch: string,
): readonly Contest[] {
  return listed(world, scratch).flatMap(({ against, by, ...contest }) => {
    const peer = peers.get(against)
    return peer ? [{ ...contest, peer: theirs(peer, by) }] : []
  })
}

/** A contest before it is known whether the other one is there. */
interface Listed extends Omit<Contest, 'peer'> {
  readonly against: PeerName
  /** What the other one is given. */
  readonly by: Partial<Contestant>
}

function listed({ inputs, issuer, awsEndpoint, vaultUrl }: World, scratch: string): readonly Listed[] {
  const audience = `https://iam.googleapis.com/${PROVIDER}`
  const google = {
    inputs: { workload_identity_provider: PROVIDER, audience, create_credentials_file: 'true' },
    env: {
      GHA_ENDPOINT_OVERRIDE_sts: `${issuer.serverUrl}/_at/sts.googleapis.com/v1`,
      GHA_ENDPOINT_OVERRIDE_iamcredentials: `${issuer.serverUrl}/_at/iamcredentials.googleapis.com/v1`,
    },
  }
  const cpu = { google: { most: 0.9, stretch: 0.7 }, aws: { most: 0.65, stretch: 0.5 } }
  return [
    {
      title: 'Google, service account',
      note: 'ID token, federated token, access token of the service account',
      against: 'google-github-actions/auth',
      by: {
        ...google,
        inputs: { ...google.inputs, service_account: ACCOUNT, token_format: 'access_token' },
      },
      ours: ours(inputs.google),
      cpu: cpu.google,
    },
    {
      title: 'Google, federated token',
      note: 'ID token, federated token',
      against: 'google-github-actions/auth',
      by: google,
      ours: ours(inputs['google-direct']),
      cpu: cpu.google,
    },
    {
      title: 'AWS, keys of a role',
      note: 'ID token, AssumeRoleWithWebIdentity; theirs also asks GetCallerIdentity',
      against: 'aws-actions/configure-aws-credentials',
      by: {
        inputs: { 'role-to-assume': ROLE, 'aws-region': REGION, 'role-session-name': 'dbt-456-900001-1' },
        env: { AWS_ENDPOINT_URL_STS: awsEndpoint },
      },
      ours: ours(inputs.aws),
      cpu: cpu.aws,
    },
    {
      title: 'Vault, one secret',
      note: 'ID token, login, one secret; ours also revokes the login',
      against: 'hashicorp/vault-action',
      by: {
        inputs: {
          url: vaultUrl,
          method: 'jwt',
          role: VAULT_ROLE,
          jwtGithubAudience: new URL(vaultUrl).origin,
          secrets: `secret/data/${SECRET.path} ${SECRET.field} | MOTHERDUCK_TOKEN`,
        },
      },
      ours: ours(inputs.vault),
    },
    {
      title: 'The ID token alone',
      note: 'theirs leaves the exchange to `az`, which here does nothing: only the way to the token can be compared',
      against: 'Azure/login',
      by: {
        inputs: { 'client-id': 'c', 'tenant-id': 't', 'allow-no-subscriptions': 'true' },
        path: silent(join(scratch, 'bin'), 'az'),
      },
      ours: ours({ ...inputs.none, until: 'claims' }),
    },
  ]
}

function ours(inputs: Readonly<Record<string, string>>): Contestant {
  const actionFile = join(ROOT, 'action.yml')
  return { name: 'dbt-oidc', version: '', args: [join(ROOT, 'dist', 'main.js')], actionFile, inputs, env: {} }
}

function theirs({ name, version, main, actionFile }: Peer, by: Partial<Contestant>): Contestant {
  return { name, version, args: [main], actionFile, inputs: {}, env: {}, ...by }
}

/** A program that does nothing, and the directory that it is in. */
function silent(directory: string, name: string): string {
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, name), '#!/bin/sh\n', { mode: 0o755 })
  return directory
}

export type { Exchange }
