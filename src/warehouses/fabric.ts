import type { Diagnosis } from '../exchange.ts'
import type { Value } from '../profile.ts'
import { warehouse, type Carried, type Hook } from '../warehouse.ts'
import { connection, type Connection } from './fabric/connection.ts'
import { hostOf } from './sqlserver/host.ts'
import { FIELDS } from './fabric/fields.ts'
import { isVendors } from './sqlserver/connection.ts'
import { CREDENTIALS, exposes, isUnknownUser, UNKNOWN_USER } from './sqlserver/faults.ts'

const API = 'api.fabric.microsoft.com'

/** Fabric's warehouse: the driver asks us for ID tokens and trades them at Entra, or is given one token of Entra. */
export default warehouse<Connection>({
  type: 'fabric',
  title: 'Microsoft Fabric',
  connection,
  fields: FIELDS,
  credentialFields: [
    ...CREDENTIALS,
    'credential_class',
    'credential_kwargs',
    'federated_token_url',
    'federated_token_header',
    'federated_token_file',
  ],
  accepts: {
    entra: {
      kind: 'bearer',
      trades: 'action',
      keepAlive: { by: 'token-url' },
      dbt2: 'its adapter is experimental; stays as it was; a warning comes before its end',
      want: (c) => ({ scope: 'https://database.windows.net/.default', host: hostOf(c) }),
      faults: (c) => exposes(c, 'Fabric', 'the SQL endpoint of the warehouse'),
    },
  },
  adapter: { package: 'dbt-fabric', bad: [{ below: '1.12.0', reason: 'it knows no workload identity' }] },
  carry({ credential, hook }) {
    if (hook) return byHook(hook)
    if (credential.kind !== 'bearer') throw new Error(`fabric cannot carry a ${credential.kind} credential`)
    return {
      fields: {
        authentication: { kind: 'text', text: 'ActiveDirectoryAccessToken' },
        access_token: { kind: 'secret', name: 'ACCESS_TOKEN' },
      },
      secrets: { ACCESS_TOKEN: credential.token },
      files: {},
      env: {},
    }
  },
  describe: (c) => `${c.database}.${c.schema} on ${hostOf(c)}`,
  allowsHost: (host) => isVendors(host) || host === API,
  hosts: (c) => [hostOf(c), API],
  trust: async (c, request) => (await import('./fabric/trust.ts')).trust(c, request),
  diagnose,
  errors: [UNKNOWN_USER],
  notes: [
    'In run mode dbt 1.x trades by itself for as long as the job lives: it asks this action, on 127.0.0.1, for each ID token, and Entra for its own. With `keep-alive: off`, in a sovereign cloud or in prepared mode dbt has one access token, so that a run has to end with it.',
    'That one token is for the SQL endpoint alone: what dbt-fabric does by the REST API of Fabric (`workspace_name`, snapshots of a warehouse) needs run mode.',
    'Proven with dbt-fabric 1.12 and the ODBC driver 18 of Microsoft: a server of ours takes the token over TLS and verifies it. What Fabric itself makes of a workspace and its roles nobody here has seen.',
    'dbt-fabric 1.12 runs on Python 3.11 to 3.13.',
    'dbt 2.x has Fabric behind DBT_ALLOW_EXPERIMENTAL_ADAPTERS only (not run).',
  ],
  proof: { entra: 'our verifier' },
  example: {
    type: 'fabric',
    host: 'x6eps4xrq2xudenlfv6naeo3i4-acme.datawarehouse.fabric.microsoft.com',
    database: 'shop',
    schema: 'analytics',
    workspace_id: '5b218778-e7a5-4d73-8187-f10824047715',
    threads: 4,
  },
})

/** dbt-fabric's `workload_identity`: it reads `value` of the JSON that the address answers, as GitHub itself would. */
function byHook({ url, authorization, recipe }: Hook): Carried {
  return {
    fields: {
      authentication: text('workload_identity'),
      tenant_id: text(recipe['tenant']),
      client_id: text(recipe['client-id']),
      federated_token_url: text(url),
      federated_token_header: { kind: 'secret', name: 'BROKER' },
    },
    secrets: { BROKER: authorization },
    files: {},
    env: {},
  }
}

function text(value: unknown): Value {
  return { kind: 'text', text: String(value) }
}

function diagnose(error: string, c: Connection): Diagnosis | undefined {
  if (isUnknownUser(error))
    return {
      problem: `${hostOf(c)} took the token, and its holder has no role in the workspace, or not in ${c.database}.`,
      remedy:
        'Give the app a role in the workspace, as `dbt-oidc trust` prints it, and look whether the tenant setting for service principals is on.',
    }
  return undefined
}
