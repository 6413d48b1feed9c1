import type { Diagnosis } from '../exchange.ts'
import { callerIdentity } from '../exchanges/aws/caller.ts'
import { consoleUrl } from '../exchanges/aws/console.ts'
import { isEndpoint, suffixOf } from '../exchanges/aws/partition.ts'
import { BY_CHAIN, byChain } from '../keepalive/aws-keys.ts'
import { warehouse, type Fault } from '../warehouse.ts'
import { catalogOf, connection, workGroupOf, type Connection } from './athena/connection.ts'
import { FIELDS } from './athena/fields.ts'

/** Athena: dbt finds the keys of the role by AWS's own chain, and asks for new ones whenever they end. */
export default warehouse<Connection>({
  type: 'athena',
  title: 'Athena',
  connection,
  fields: FIELDS,
  credentialFields: ['aws_access_key_id', 'aws_secret_access_key', 'aws_session_token', 'aws_profile_name'],
  accepts: {
    aws: {
      kind: 'aws',
      trades: 'action',
      keepAlive: BY_CHAIN,
      dbt2: 'release candidate 196 has no adapter of this type',
      want: (c) => ({ region: c.region_name, database: catalogOf(c) }),
      faults: ownRole,
    },
    'aws-identity-center': {
      kind: 'aws',
      trades: 'action',
      keepAlive: BY_CHAIN,
      want: (c) => ({ region: c.region_name, database: catalogOf(c) }),
      faults: ownRole,
    },
  },
  adapter: { package: 'dbt-athena', bad: [] },
  carry({ credential, directory, hook }) {
    if (credential.kind !== 'aws') throw new Error(`athena cannot carry a ${credential.kind} credential`)
    return { fields: {}, secrets: {}, ...byChain(credential, directory, hook) }
  },
  describe: (c) => `${catalogOf(c)}.${c.schema} in ${c.region_name}, workgroup ${workGroupOf(c)}`,
  // dbt-athena reports no id of a query.
  history: ({ region_name: region }, query) =>
    query ? undefined : consoleUrl(region, 'athena', '/query-editor/history'),
  allowsHost: isEndpoint,
  hosts: ({ region_name: region }) =>
    ['athena', 'glue', 's3', 'sts'].map((service) => `${service}.${region}.${suffixOf(region) ?? ''}`),
  preflight: async ({ credential }, { io, identity }) => {
    if (credential.kind !== 'aws') throw new Error(`athena cannot ask with a ${credential.kind} credential`)
    return callerIdentity(credential, identity, io)
  },
  trust: async (c, request) => (await import('./athena/trust.ts')).trust(c, request),
  terraform: async (c, request) => (await import('./athena/trust.ts')).trust(c, request, 'terraform'),
  diagnose,
  errors: [
    'is not authorized to perform: athena:StartQueryExecution',
    'Insufficient Lake Formation permission',
  ],
  notes: [
    'The keys of the role are in no field and no variable: in run mode dbt 1.x asks this action for them, on 127.0.0.1, as in a container of AWS; with `keep-alive: off` or in prepared mode they stand in a private file.',
    'Each run is the same role; the session name in CloudTrail holds repository, run and attempt, and the query comment of dbt the node.',
    '`via: aws-identity-center` (experimental): AWS lets keys that carry a user reach Athena, Glue and Lake Formation, and not the objects of S3. What dbt-athena leaves to Athena (views, tests, tables of Iceberg that are new) can work; seeds, tables and whatever else lists or deletes files cannot: a stand-in that refuses what the policy AWSIAMIdentityCenterAllowListForIdentityContext (v12) leaves out has let the one pass and not the other. Nobody has seen it with a real account.',
    'dbt 2.x has no Athena (rc196: unknown variant).',
  ],
  proof: { aws: 'our verifier', 'aws-identity-center': 'our verifier' },
  example: {
    type: 'athena',
    region_name: 'eu-west-1',
    s3_staging_dir: 's3://acme-athena/results/',
    s3_data_dir: 's3://acme-lake/dbt/',
    database: 'awsdatacatalog',
    schema: 'analytics',
    work_group: 'dbt',
    threads: 4,
  },
  examples: {
    'aws-identity-center': {
      identity: {
        role: 'arn:aws:iam::123456789012:role/dbt-prod',
        application: 'arn:aws:sso::123456789012:application/ssoins-1234567890abcdef/apl-1234567890abcdef',
        'session-role': 'arn:aws:iam::123456789012:role/athena',
      },
      about: [
        'Choose it only where Lake Formation or S3 Access Grants give users of IAM Identity Center their rights; `via: aws` needs less.',
        'The workgroup must be one that is connected to IAM Identity Center. The application is made first, as the comment of its document shows: its ARN belongs into the identity.',
      ],
    },
  },
})

function ownRole({ assume_role_arn: role }: Connection): readonly Fault[] {
  return role === undefined
    ? []
    : [
        {
          field: 'assume_role_arn',
          problem:
            'A further role belongs to the identity, where it is checked, recorded and part of the trust: write it as `chain: [{ role: … }]` under `identity` (of `aws-identity-center` as `session-role`).',
        },
      ]
}

function diagnose(error: string, c: Connection): Diagnosis | undefined {
  const [, action] = /not authorized to perform:? ((?:athena|glue|s3):\w+)/i.exec(error) ?? []
  if (action !== undefined)
    return {
      problem: `The role may not ${action}.`,
      remedy: `Give it the policy that \`dbt-oidc trust\` prints, for the workgroup ${workGroupOf(c)} and the schema ${c.schema}; sources elsewhere need rights of their own.`,
    }
  if (/Insufficient Lake Formation permission/i.test(error))
    return {
      problem: 'Lake Formation guards the table, and the role has no grant there.',
      remedy: `Grant the role what it needs in Lake Formation, on the database ${c.schema}, or let IAM alone rule it.`,
    }
  return undefined
}
