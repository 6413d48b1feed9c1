import { mayUse, placesIn } from '../../exchanges/aws/objects.ts'
import { checkedRole } from '../../exchanges/aws/place.ts'
import { rolePolicy } from '../../trust/role-policy.ts'
import { iamLiteral } from '../../trust/iam.ts'
import type { TrustDocument, TrustFormat, TrustRequest } from '../../trust.ts'
import { inCatalog } from '../glue/catalog.ts'
import { catalogOf, workGroupOf, type Connection } from './connection.ts'

/** What dbt-athena asks of Athena itself. */
const QUERY = [
  'athena:GetWorkGroup',
  'athena:StartQueryExecution',
  'athena:GetQueryExecution',
  'athena:GetQueryResults',
  'athena:StopQueryExecution',
]

/** What it does with databases and tables of the catalog. */
const READ = [
  'glue:GetDatabase',
  'glue:GetDatabases',
  'glue:GetTable',
  'glue:GetTables',
  'glue:GetPartition',
  'glue:GetPartitions',
  'glue:BatchGetPartition',
]
const WRITE = [
  'glue:CreateDatabase',
  'glue:CreateTable',
  'glue:UpdateTable',
  'glue:DeleteTable',
  'glue:BatchDeleteTable',
  'glue:GetTableVersions',
  'glue:DeleteTableVersion',
  'glue:BatchDeleteTableVersion',
  'glue:BatchCreatePartition',
  'glue:CreatePartition',
  'glue:UpdatePartition',
  'glue:DeletePartition',
  'glue:BatchDeletePartition',
]

/** What the role may do: ask in one workgroup, and read and write one schema with its places in S3. */
export function trust(
  c: Connection,
  { identity }: TrustRequest,
  format: TrustFormat = 'commands',
): readonly TrustDocument[] {
  const { partition, account, name: role } = checkedRole(identity)
  const region = c.region_name
  const athena = `arn:${partition}:athena:${region}:${account}`
  const glue = `arn:${partition}:glue:${region}:${account}`
  const places = placesIn([c.s3_staging_dir, c.s3_data_dir, c.s3_tmp_table_dir])
  const policy = {
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Action: QUERY, Resource: `${athena}:workgroup/${iamLiteral(workGroupOf(c))}` },
      {
        Effect: 'Allow',
        Action: 'athena:GetDataCatalog',
        Resource: `${athena}:datacatalog/${iamLiteral(catalogOf(c))}`,
      },
      {
        Effect: 'Allow',
        Action: [...READ, ...WRITE],
        Resource: inCatalog(glue, c.schema),
      },
      // Athena looks for it at each query, whatever that is about (fine-grained-access-to-glue-resources).
      {
        Effect: 'Allow',
        Action: 'glue:GetDatabase',
        Resource: [`${glue}:catalog`, `${glue}:database/default`],
      },
      ...mayUse(places, partition),
      ...(places.length === 0
        ? []
        : [
            {
              Effect: 'Allow',
              Action: 's3:GetBucketLocation',
              Resource: [...new Set(places.map(({ bucket }) => `arn:${partition}:s3:::${bucket}`))],
            },
          ]),
    ],
  }
  const remarks = [
    `AWS account ${account}: ${identity} may ask in one workgroup, and read and write the schema ${c.schema}.`,
    'Sources in other schemas need the glue:Get… actions on those, and s3:GetObject where their files are.',
    ...(places.length === 0
      ? [
          'The connection names no place in S3: add s3:ListBucket, GetObject, PutObject, DeleteObject for that of the workgroup.',
        ]
      : []),
    'Where Lake Formation rules, it has to grant the same to the role.',
  ]
  return [
    rolePolicy(
      {
        title: `The role ${role} may ask Athena and write ${c.schema}`,
        arn: identity,
        name: 'dbt-athena',
        policy,
        lines: remarks,
      },
      format,
    ),
  ]
}
