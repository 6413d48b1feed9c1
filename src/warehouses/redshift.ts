import { consoleUrl } from '../exchanges/aws/console.ts'
import { keysFile } from '../keepalive/aws-keys.ts'
import { byContainer } from '../keepalive/container.ts'
import type { Value } from '../profile.ts'
import { warehouse, type Attribution } from '../warehouse.ts'
import {
  byIdentityCenter,
  connection,
  databaseOf,
  endpointOf,
  isServerless,
  methodOf,
  type Connection,
} from './redshift/connection.ts'
import { diagnose, ERRORS } from './redshift/diagnosis.ts'
import { FIELDS } from './redshift/fields.ts'
import { centerFaults, endpointFields, iamFaults } from './redshift/identity-center.ts'

/** Where dbt cannot ask us, the driver reads it whenever it asks Redshift for a password. */
const CREDENTIALS = 'aws-credentials'
const PROFILE = 'dbt-oidc'

/**
 * Redshift, provisioned and serverless: the driver asks for a short-lived password with the keys of the role, or hands
 * over a token that Redshift itself trades at IAM Identity Center.
 */
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
      dbt2: 'a private file is renewed, which `iam_profile` leads to (not run)',
      want: (c) => {
        const region = c.region ?? endpointOf(c.host)?.region
        return {
          host: c.host,
          port: c.port,
          database: databaseOf(c),
          ...(region === undefined ? {} : { region }),
        }
      },
      faults: iamFaults,
    },
    'aws-identity-center': {
      kind: 'id-token',
      trades: 'driver',
      keepAlive: { by: 'token-endpoint', field: 'token_endpoint' },
      want: () => ({}),
      faults: centerFaults,
    },
  },
  adapter: { package: 'dbt-redshift', bad: [] },
  carry({ connection: c, credential, directory, hook }) {
    const port = { port: { kind: 'plain', source: String(c.port) } } as const
    if (credential.kind === 'id-token') {
      if (!hook) throw new Error('dbt-redshift takes a token from an endpoint only')
      const { fields, secrets } = endpointFields(hook)
      return { fields: { ...fields, ...port }, secrets, files: {}, env: {} }
    }
    if (credential.kind !== 'aws') throw new Error(`redshift cannot carry a ${credential.kind} credential`)
    const fields = {
      method: text(methodOf(c)),
      ...port,
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
        [CREDENTIALS]: keysFile(PROFILE, credential),
      },
      env: { AWS_SHARED_CREDENTIALS_FILE: `${directory}/${CREDENTIALS}` },
    }
  },
  attribute: (run) => ({ query_group: text(queryGroup(run)) }),
  describe: (c) =>
    `${databaseOf(c)}.${c.schema} on ${isServerless(c) ? (endpointOf(c.host)?.name ?? c.host) : (c.cluster_id ?? c.host)}${c.user === undefined ? '' : ` as ${c.user}`}`,
  // dbt-redshift reports no id of a query.
  history: (c, query) => (query ? undefined : historyOf(c)),
  allowsHost: (host) => endpointOf(host) !== undefined || API.test(host),
  hosts: (c) => [c.host, ...apiOf(c)],
  preflight: async (source, tools) => (await import('./redshift/preflight.ts')).preflight(source, tools),
  trust: async (c, request) => (await import('./redshift/trust.ts')).trust(c, request),
  terraform: async (c, request) => (await import('./redshift/trust.ts')).terraform(c, request),
  diagnose,
  errors: ERRORS,
  notes: [
    'dbt-redshift has no field for a session token. In run mode dbt 1.x asks this action for the keys, on 127.0.0.1, as in a container of AWS; with `keep-alive: off`, dbt 2.x or in prepared mode they go by a private credentials file, which `AWS_SHARED_CREDENTIALS_FILE` names.',
    'dbt 2.x takes `method: iam` with `iam_profile` only (from its source; not run).',
    '`via: aws-identity-center` (experimental) works in run mode with dbt 1.x only: dbt-redshift has no field for a token, it posts to a token endpoint at each connection, and this action is that endpoint, on 127.0.0.1. It sends the token as `EXT_JWT`, which Redshift itself trades at IAM Identity Center, so that no role and no key of AWS is needed; whether Redshift does so with a token of GitHub has not been seen with a real account.',
    'dbt-redshift asks once for each connection, and its own `retries` show Redshift the same token again, which Identity Center does not take twice: a connection that is lost just after its login was taken is lost.',
    'With a role, each run is the same database user; `query_group` tells runs apart in STL_QUERY and SYS_QUERY_HISTORY.',
    'A custom domain is refused: name the endpoint of the cluster or workgroup itself.',
  ],
  proof: { aws: 'our verifier', 'aws-identity-center': 'our verifier' },
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
    'aws-identity-center': {
      connection: { method: 'oauth_token_identity_center' },
      about: [
        'Choose it only where people already reach Redshift through IAM Identity Center; `via: aws` needs less.',
        'From nothing to a first run: enable IAM Identity Center in the region of the warehouse (`aws sso-admin list-instances` tells its ARN); run the shell documents below in one shell, as an administrator of IAM Identity Center, IAM and Redshift; run the SQL as the administrator of the database, with its `CREATE IDENTITY PROVIDER` where the database has none; commit the workflow, which must give the commands of dbt by `run` and install dbt 1.x.',
      ],
    },
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

/** The page of the workgroup or cluster, one step away from its queries. */
function historyOf({ host, cluster_id: cluster }: Connection): string | undefined {
  const { name, region, serverless } = endpointOf(host) ?? {}
  if (name === undefined || region === undefined) return undefined
  const page = serverless
    ? `serverless-workgroup?workgroup=${name}`
    : `cluster-details?cluster=${cluster ?? name}`
  return consoleUrl(region, 'redshiftv2', page)
}

/** Where the driver asks for the password. */
const API = /^redshift(?:-serverless)?\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?$/

function apiOf(c: Connection): readonly string[] {
  if (byIdentityCenter(c)) return []
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
