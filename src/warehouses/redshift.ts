import type { Diagnosis } from '../exchange.ts'
import { byContainer } from '../keepalive/container.ts'
import type { Value } from '../profile.ts'
import { warehouse, type Attribution } from '../warehouse.ts'
import {
  connection,
  databaseOf,
  endpointOf,
  isServerless,
  methodOf,
  type Connection,
} from './redshift/connection.ts'
import { diagnoseDriver, DRIVER_ERRORS } from './redshift/driver.ts'
import { FIELDS } from './redshift/fields.ts'
import { preflight } from './redshift/preflight.ts'
import { trust } from './redshift/trust.ts'

/** Where dbt cannot ask us, the driver reads it whenever it asks Redshift for a password. */
const CREDENTIALS = 'aws-credentials'
const PROFILE = 'dbt-oidc'

/** Redshift, provisioned and serverless: the driver asks for a short-lived password with the keys of the role. */
export default warehouse<Connection>({
  type: 'redshift',
  title: 'Redshift',
  connection,
  fields: FIELDS,
  credentialFields: [
    'password',
    'pass',
    'access_key_id',
    'secret_access_key',
    'iam_profile',
    'token_endpoint',
  ],
  accepts: {
    aws: {
      kind: 'aws',
      trades: 'action',
      keepAlive: { by: 'aws-container', file: CREDENTIALS },
      want: (c) => {
        const region = c.region ?? endpointOf(c.host)?.region
        return {
          host: c.host,
          port: c.port,
          database: databaseOf(c),
          ...(region === undefined ? {} : { region }),
        }
      },
    },
  },
  adapter: { package: 'dbt-redshift', bad: [] },
  carry({ connection: c, credential, directory, hook }) {
    if (credential.kind !== 'aws') throw new Error(`redshift cannot carry a ${credential.kind} credential`)
    const fields = {
      method: text(methodOf(c)),
      port: { kind: 'plain', source: String(c.port) } as const,
      region: text(c.region ?? credential.region),
    }
    if (hook) return { fields, secrets: {}, ...byContainer(directory, hook) }
    return {
      fields: {
        ...fields,
        // dbt-redshift has no field for a session token, so the keys go by a file of AWS's own.
        iam_profile: text(PROFILE),
      },
      secrets: {},
      files: {
        [CREDENTIALS]: [
          `[${PROFILE}]`,
          `aws_access_key_id = ${credential.accessKeyId}`,
          `aws_secret_access_key = ${credential.secretAccessKey}`,
          `aws_session_token = ${credential.sessionToken}`,
          '',
        ].join('\n'),
      },
      env: { AWS_SHARED_CREDENTIALS_FILE: `${directory}/${CREDENTIALS}` },
    }
  },
  attribute: (run) => ({ query_group: text(queryGroup(run)) }),
  describe: (c) =>
    `${databaseOf(c)}.${c.schema} on ${isServerless(c) ? (endpointOf(c.host)?.name ?? c.host) : (c.cluster_id ?? c.host)}${c.user === undefined ? '' : ` as ${c.user}`}`,
  allowsHost: (host) => endpointOf(host) !== undefined || API.test(host),
  hosts: (c) => [c.host, ...apiOf(c)],
  preflight,
  trust,
  diagnose,
  errors: [
    'is not authorized to perform: redshift:GetClusterCredentialsWithIAM',
    'is not authorized to perform: redshift-serverless:GetCredentials',
    'Either provide both username/password or neither when using IAM',
    ...DRIVER_ERRORS,
  ],
  notes: [
    'dbt-redshift has no field for a session token. In run mode dbt 1.x asks this action for the keys, on 127.0.0.1, as in a container of AWS; with `keep-alive: off`, dbt 2.x or in prepared mode they go by a private credentials file, which `AWS_SHARED_CREDENTIALS_FILE` names.',
    'dbt 2.x takes `method: iam` with `iam_profile` only (from its source; not run).',
    'Each run is the same database user; `query_group` tells runs apart in STL_QUERY and SYS_QUERY_HISTORY.',
    'A custom domain is refused: name the endpoint of the cluster or workgroup itself.',
  ],
  proof: { aws: 'our verifier' },
  example: {
    type: 'redshift',
    method: 'iam_role',
    host: 'analytics.123456789012.eu-west-1.redshift-serverless.amazonaws.com',
    port: 5439,
    dbname: 'dev',
    schema: 'analytics',
    threads: 4,
  },
  examples: {
    aws: {
      about: [
        'A provisioned cluster needs `cluster_id` in the connection, beside its host; a workgroup of Redshift Serverless needs none.',
        'Endpoints of both are private unless made public, and a private one is not reachable from a runner that GitHub hosts: take a runner inside the VPC.',
      ],
      others: [
        {
          title: 'The connection of a provisioned cluster',
          connection: {
            type: 'redshift',
            method: 'iam_role',
            host: 'analytics.c1a2b3c4d5e6.eu-west-1.redshift.amazonaws.com',
            port: 5439,
            cluster_id: 'analytics',
            dbname: 'dev',
            schema: 'analytics',
            threads: 4,
          },
        },
      ],
    },
  },
})

/** Where the driver asks for the password. */
const API = /^redshift(?:-serverless)?\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?$/

function apiOf(c: Connection): readonly string[] {
  const { region, serverless } = endpointOf(c.host) ?? {}
  const suffix = c.host.endsWith('.cn') ? 'amazonaws.com.cn' : 'amazonaws.com'
  return region === undefined ? [] : [`redshift${serverless ? '-serverless' : ''}.${region}.${suffix}`]
}

function text(value: string): Value {
  return { kind: 'text', text: value }
}

/** Redshift keeps 320 characters of it. */
function queryGroup({ repository, run, attempt, sha, grant }: Attribution): string {
  return `dbt-oidc ${repository} run ${run}.${attempt} ${sha.slice(0, 12)} ${grant}`.slice(0, 320)
}

function diagnose(error: string, c: Connection): Diagnosis | undefined {
  if (/not authorized to perform:? redshift(?:-serverless)?:Get(?:Cluster)?Credentials/i.test(error))
    return {
      problem: 'The role may not ask Redshift for a password.',
      remedy: `Give it the policy that \`dbt-oidc trust\` prints, for ${isServerless(c) ? 'the id of this workgroup' : `the cluster ${c.cluster_id}`} and the database ${databaseOf(c)}.`,
    }
  if (/Either provide both username\/password or neither/i.test(error))
    return {
      problem: '`user` does not go together with a login by IAM here.',
      remedy: 'Leave `user` out and write `method: iam_role`.',
    }
  return diagnoseDriver(error)
}
