import { DbtOidcError, fail } from '../../errors.ts'
import { smithyOver } from '../../http/smithy.ts'
import { visible } from '../../policy/visible.ts'
import type { Standing } from '../../trust/standing.ts'
import type { Statement } from '../../trust/statement.ts'
import type { Role } from './arn.ts'
import { partitionNamed } from './partition.ts'
import { checkedRole } from './place.ts'
import { reader } from './read.ts'
import type { Settings } from './settings.ts'

/** Where IAM is, which has one endpoint in each partition and is signed for there (AWS General Reference, "IAM endpoints"). */
const PLACES: Readonly<
  Record<string, { readonly host: string; readonly region: string; readonly sts: string }>
> = {
  aws: { host: 'iam.amazonaws.com', region: 'us-east-1', sts: 'sts.us-east-1.amazonaws.com' },
  'aws-cn': {
    host: 'iam.cn-north-1.amazonaws.com.cn',
    region: 'cn-north-1',
    sts: 'sts.cn-north-1.amazonaws.com.cn',
  },
  'aws-us-gov': {
    host: 'iam.us-gov.amazonaws.com',
    region: 'us-gov-west-1',
    sts: 'sts.us-gov-west-1.amazonaws.com',
  },
}

/** The trust policies of a target's roles as they are now (iam:GetRole). A role that is not there is none. */
export async function standing(settings: Settings, tools: Standing): Promise<readonly Statement[]> {
  const roles = [settings.role, ...(settings.chain ?? []).map(({ role }) => role)].map(checkedRole)
  const found: Statement[] = []
  for (const role of roles) found.push(...(await standingOf(role, tools)))
  return found
}

async function standingOf(role: Role, { io }: Standing): Promise<readonly Statement[]> {
  const place = PLACES[role.partition]
  if (!place)
    return fail({
      code: 'configuration',
      problem: `IAM of the partition ${partitionNamed(role.partition)?.name ?? ''} cannot be asked from here.`,
      remedy: 'Give what `aws iam get-role` prints, as a file or by a pipe.',
    })
  const { IAMClient, GetRoleCommand } = await import('@aws-sdk/client-iam')
  const { STSClient, GetCallerIdentityCommand } = await import('@aws-sdk/client-sts')
  // The login is whatever the SDK finds on this machine; only where requests go is said here.
  const options = {
    region: place.region,
    requestHandler: smithyOver(io),
    useDualstackEndpoint: false,
    useFipsEndpoint: false,
    userAgentAppId: 'dbt-oidc',
  }
  const sts = new STSClient({ ...options, endpoint: `https://${place.sts}` })
  const iam = new IAMClient({ ...options, endpoint: `https://${place.host}` })
  try {
    const { Account } = await sts.send(new GetCallerIdentityCommand({}))
    // Roles of the same name in two accounts are two roles.
    if (Account !== role.account) return elsewhere(role, Account ?? 'nobody')
    const { Role: there } = await iam.send(new GetRoleCommand({ RoleName: role.name }))
    return (await reader.read({ Role: there })) ?? []
  } catch (error) {
    if (nameOf(error) === 'NoSuchEntityException') return []
    throw refused(error, role)
  } finally {
    sts.destroy()
    iam.destroy()
  }
}

function elsewhere(role: Role, account: string): never {
  return fail({
    code: 'configuration',
    problem: `The login that the SDK of AWS finds here is of the account ${account}, and ${role.arn} is another's.`,
    remedy:
      'Log in to the account of the role (AWS_PROFILE names a profile), or give what `aws iam get-role` prints there.',
  })
}

function refused(error: unknown, role: Role): unknown {
  const name = nameOf(error)
  if (!(error instanceof Error) || error instanceof DbtOidcError) return error
  if (name === 'CredentialsProviderError')
    return failure(
      'The SDK of AWS finds no login on this machine.',
      'Log in, e.g. by `aws sso login`, or give what `aws iam get-role` prints.',
    )
  const status: unknown =
    '$metadata' in error ? Reflect.get(Object(error.$metadata), 'httpStatusCode') : undefined
  // A fault of the SDK or of ours: shown as what it is.
  if (typeof status !== 'number') return error
  return failure(
    `AWS does not tell how ${role.arn} stands: ${name}: ${visible(error.message).slice(0, 600)}`,
    'The login needs iam:GetRole on the role; `aws iam get-role` says the same.',
  )
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : ''
}

function failure(problem: string, remedy: string): DbtOidcError {
  return new DbtOidcError({ code: 'configuration', problem, remedy })
}
