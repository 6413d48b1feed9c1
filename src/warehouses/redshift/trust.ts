import type { TrustDocument, TrustFormat, TrustRequest } from '../../trust.ts'
import { hclDocument, reference, resource } from '../../trust/hcl.ts'
import { labelFor } from '../../trust/label.ts'
import { rolePolicy } from '../../trust/role-policy.ts'
import { iamLiteral } from '../../trust/iam.ts'
import { comment, folded, sh, sql } from '../../trust/quote.ts'
import { applicationDocument, applicationResources } from './center-application.ts'
import { assignmentDocument, assignmentResource, groupDocument } from './center-trust.ts'
import { remarksOn, rightsOf } from './rights.ts'
import { databaseOf, endpointOf, isServerless, methodOf, type Connection } from './connection.ts'

/** What the role may ask Redshift for, and what its user may do in the database. */
export function trust(connection: Connection, request: TrustRequest): readonly TrustDocument[] {
  return request.via === 'aws-identity-center'
    ? [
        applicationDocument(connection, request),
        assignmentDocument(connection, request),
        groupDocument(connection, request),
      ]
    : [mayAsk(connection, request, 'commands'), userDocument(connection, request, 'commands')]
}

/** The same for the provider hashicorp/aws. */
export function terraform(connection: Connection, request: TrustRequest): readonly TrustDocument[] {
  if (request.via === 'aws-identity-center')
    return [
      applicationResources(connection, request),
      assignmentResource(connection, request),
      groupDocument(connection, request, 'terraform'),
    ]
  return [mayAsk(connection, request, 'terraform'), userDocument(connection, request, 'terraform')]
}

interface Right {
  readonly action: string
  readonly resources: readonly string[]
  readonly remarks: readonly string[]
}

function mayAsk(c: Connection, { identity }: TrustRequest, format: TrustFormat): TrustDocument {
  const { account, name } = partsOf(identity)
  const { action, resources, remarks } = rightOf(c, identity)
  const [first, ...others] = resources
  const policy = {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: action, Resource: others.length === 0 ? first : resources }],
  }
  const policyName = `redshift-${databaseOf(c)}`.replaceAll(/[^\w+=,.@-]/g, '-').slice(0, 128)
  return rolePolicy(
    {
      title: `The role ${name} may ask for a password of Redshift`,
      arn: identity,
      name: policyName,
      policy,
      lines: [
        `AWS account ${account}: ${identity} may ask for a short-lived password, and for nothing else.`,
        ...remarks,
      ],
    },
    format,
  )
}

function rightOf(c: Connection, identity: string): Right {
  const { partition, account } = partsOf(identity)
  const endpoint = endpointOf(c.host)
  const region = c.region ?? endpoint?.region ?? '*'
  if (isServerless(c))
    return serverless(c, `arn:${partition}:redshift-serverless:${region}:${endpoint?.account ?? account}`)
  const base = `arn:${partition}:redshift:${region}:${account}`
  const cluster = iamLiteral(c.cluster_id ?? '')
  const database = `${base}:dbname:${cluster}/${iamLiteral(databaseOf(c))}`
  return methodOf(c) === 'iam'
    ? {
        action: 'redshift:GetClusterCredentials',
        resources: [`${base}:dbuser:${cluster}/${iamLiteral(c.user ?? '')}`, database],
        remarks: [],
      }
    : { action: 'redshift:GetClusterCredentialsWithIAM', resources: [database], remarks: [] }
}

function serverless(c: Connection, base: string): Right {
  const name = endpointOf(c.host)?.name ?? c.serverless_work_group ?? 'NAME'
  return {
    action: 'redshift-serverless:GetCredentials',
    resources: [`${base}:workgroup/*`],
    remarks: [
      'The star stands for the id of the workgroup, which its address does not tell. Put it there:',
      sh`aws redshift-serverless get-workgroup --workgroup-name ${name} (workgroupId)`,
    ],
  }
}

function userDocument(c: Connection, { identity, target }: TrustRequest, format: TrustFormat): TrustDocument {
  const { name } = partsOf(identity)
  const user = methodOf(c) === 'iam' ? (c.user ?? '') : `IAMR:${name}`
  const database = databaseOf(c)
  const statements = [sql`CREATE USER ${folded(user)} PASSWORD DISABLE;`, ...rightsOf(c, folded(user))]
  const lines = [
    `In ${database} on ${c.host}, as its administrator. All runs are this one user: query_group tells them apart.`,
    ...remarksOn(c),
  ]
  const title = `The user ${user} in the database ${database}`
  const none = { heldThere: [], checkedHere: [] }
  if (format === 'terraform')
    return { title, language: 'hcl', text: statementResources(c, target, { lines, statements }), ...none }
  return { title, language: 'sql', text: [comment('--', lines), ...statements].join('\n'), ...none }
}

/** Each statement waits for the one before it; what Terraform takes away again it does not undo in the database. */
function statementResources(
  c: Connection,
  target: string,
  { lines, statements }: { readonly lines: readonly string[]; readonly statements: readonly string[] },
): string {
  const label = (at: number): string => labelFor(`${target}_${at + 1}`)
  const where = isServerless(c)
    ? { workgroup_name: endpointOf(c.host)?.name ?? c.serverless_work_group ?? 'NAME' }
    : { cluster_identifier: c.cluster_id ?? 'NAME', db_user: 'ADMINISTRATOR' }
  return hclDocument(
    comment('#', [
      ...lines,
      ...(isServerless(c)
        ? []
        : ['ADMINISTRATOR is the name of that user; Terraform asks for its password itself.']),
    ]),
    statements.map((statement, at) =>
      resource('aws_redshiftdata_statement', label(at), {
        ...where,
        database: databaseOf(c),
        sql: statement,
        depends_on: at === 0 ? undefined : [reference(`aws_redshiftdata_statement.${label(at - 1)}`)],
      }),
    ),
  )
}

function partsOf(arn: string) {
  const [, partition = 'aws', , , account = '', resource = ''] = arn.split(':')
  return { partition, account, name: resource.split('/').at(-1) ?? '' }
}
