// AWS, AssumeRoleWithWebIdentity:
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html: the issuer is an identity provider of the
//   account and the audience one of its client ids; then the role's trust policy decides.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html ("Available keys for AWS OIDC
//   federation"): `aud` and `sub` of any issuer, and these further claims of GitHub's own. A claim that the token lacks is a key
//   that the request lacks.
// How a policy is evaluated: ../aws/policy.ts, with its pages of the IAM User Guide.
import { apply, newCloud, type Cloud, type Role } from '../aws/account.ts'
import { allows } from '../aws/policy.ts'
import { scalarText } from '../shape.ts'
import { textsOf, type Accepts, type Pasted, type Presented } from './presented.ts'

const GITHUB = 'https://token.actions.githubusercontent.com'
const GITHUB_KEYS =
  'actor actor_id job_workflow_ref repository repository_id workflow ref environment enterprise_id'.split(' ')

/** The condition keys that a token gives beside aud and sub: github.com's own issuer has more. */
export function keysOf(issuer: string): readonly string[] {
  return issuer === GITHUB ? GITHUB_KEYS : []
}

/** Whether the trust policy of a role lets a token open a session of this name. */
export function mayAssume(
  role: Pick<Role, 'arn' | 'trust'>,
  claims: Presented,
  sessionName: string,
  keys: readonly string[] = keysOf(scalarText(claims.iss)),
): boolean {
  const prefix = scalarText(claims.iss).replace(/^https?:\/\//, '')
  const context = new Map([['sts:rolesessionname', sessionName]])
  for (const key of ['sub', 'aud', ...keys])
    if (Object.hasOwn(claims, key)) context.set(`${prefix}:${key}`.toLowerCase(), scalarText(claims[key]))
  const [, partition, , , account] = role.arn.split(':')
  const principal = ['Federated', `arn:${partition}:iam::${account}:oidc-provider/${prefix}`] as const
  return allows([role.trust], { action: 'sts:AssumeRoleWithWebIdentity', principal, context })
}

/** The client ids of the identity provider for an issuer; undefined where the account has none. */
export function clientsOf(cloud: Cloud, account: string, issuer: string): readonly string[] | undefined {
  return cloud.providers.get(`${account} ${issuer}`)
}

/** Lets in whoever may open a session of some role; whoever asks chooses its name, and ours is the action's own. */
export function aws(
  documents: readonly Pasted[],
  sessionName: (claims: Presented) => string = actionsOwn,
): Accepts {
  const cloud = cloudOf(textsOf(documents, 'sh'))
  return (claims) => opened(cloud, claims, sessionName).length > 0
}

/** The accounts for which these are the commands. */
export function cloudOf(texts: readonly string[]): Cloud {
  const cloud = newCloud()
  for (const text of texts) apply(cloud, text, accountIn(text))
  return cloud
}

/** The roles of which a token may open a session of this name. */
export function opened(
  cloud: Cloud,
  claims: Presented,
  sessionName: (claims: Presented) => string = actionsOwn,
): readonly Role[] {
  return [...cloud.roles.values()].filter((role) => {
    const clients = clientsOf(cloud, role.arn.split(':')[4] ?? '', scalarText(claims.iss)) ?? []
    return clients.includes(scalarText(claims.aud)) && mayAssume(role, claims, sessionName(claims))
  })
}

/** As CloudTrail shows the runs of this action. */
function actionsOwn({ repository_id, run_id, run_attempt }: Presented): string {
  return `dbt-${scalarText(repository_id)}-${scalarText(run_id)}-${scalarText(run_attempt)}`
}

/** The commands name accounts in ARNs alone, or, where there is none, in the sentence above them. */
function accountIn(text: string): string {
  const [, account] = /arn:[a-z-]+:iam::(\d{12}):/.exec(text) ?? /AWS account (\d{12})/.exec(text) ?? []
  if (account === undefined) throw new Error('for which account is this document?')
  return account
}
