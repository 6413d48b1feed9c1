import type { TrustDocument, TrustRequest } from '../../trust.ts'
import { iamLiteral } from '../../trust/iam.ts'
import { comment, folded, jsonWord, sh, sql } from '../../trust/quote.ts'
import { applicationDocument, assignmentDocument, groupDocument } from './center-trust.ts'
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
    : [mayAsk(connection, request), userDocument(connection, request)]
}

interface Right {
  readonly action: string
  readonly resources: readonly string[]
  readonly remarks: readonly string[]
}

function mayAsk(c: Connection, { identity }: TrustRequest): TrustDocument {
  const { account, name } = partsOf(identity)
  const { action, resources, remarks } = rightOf(c, identity)
  const [first, ...others] = resources
  const policy = {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: action, Resource: others.length === 0 ? first : resources }],
  }
  const policyName = `redshift-${databaseOf(c)}`.replaceAll(/[^\w+=,.@-]/g, '-').slice(0, 128)
  return {
    title: `The role ${name} may ask for a password of Redshift`,
    language: 'sh',
    text: [
      comment('#', [
        `AWS account ${account}: ${identity} may ask for a short-lived password, and for nothing else.`,
        ...remarks,
      ]),
      sh`aws iam put-role-policy --role-name ${name} --policy-name ${policyName} --policy-document ${jsonWord(policy)}`,
    ].join('\n'),
    heldThere: [],
    checkedHere: [],
  }
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

function userDocument(c: Connection, { identity }: TrustRequest): TrustDocument {
  const { name } = partsOf(identity)
  const user = methodOf(c) === 'iam' ? (c.user ?? '') : `IAMR:${name}`
  const database = databaseOf(c)
  return {
    title: `The user ${user} in the database ${database}`,
    language: 'sql',
    text: [
      comment('--', [
        `In ${database} on ${c.host}, as its administrator. All runs are this one user: query_group tells them apart.`,
        ...remarksOn(c),
      ]),
      sql`CREATE USER ${folded(user)} PASSWORD DISABLE;`,
      ...rightsOf(c, folded(user)),
    ].join('\n'),
    heldThere: [],
    checkedHere: [],
  }
}

function partsOf(arn: string) {
  const [, partition = 'aws', , , account = '', resource = ''] = arn.split(':')
  return { partition, account, name: resource.split('/').at(-1) ?? '' }
}
