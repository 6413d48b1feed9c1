// AWS IAM Identity Center, CreateTokenWithIAM and Redshift's own trade:
// https://docs.aws.amazon.com/singlesignon/latest/OIDCAPIReference/API_CreateTokenWithIAM.html: the caller is an actor of the application.
// https://docs.aws.amazon.com/singlesignon/latest/userguide/trusted-token-issuer-configuration-settings.html: the issuer equals its
//   URL, `aud` is one of the audiences of the application's grant, and the mapped claim finds exactly one user.
// https://docs.aws.amazon.com/singlesignon/latest/APIReference/API_CreateApplicationAssignment.html: one of the user's groups is
//   assigned to the application.
import { ACCOUNT, AUDIENCE } from '../aws/bench.ts'
import { newCloud, type Cloud } from '../aws/account.ts'
import { assignedBy, newDirectory, obey, type Application, type Directory } from '../aws/directory.ts'
import { allows } from '../aws/policy.ts'
import { runInShellNow } from '../aws/real-shell.ts'
import { scalarText } from '../shape.ts'
import { opened } from './aws.ts'
import { textsOf, type Model, type Pasted, type Presented } from './presented.ts'

const NOTHING: ReadonlyMap<string, string> = new Map()

/** The one user whom a token stands for; undefined where there is none, or more than one. */
export function userFor({ issuers, users }: Directory, claims: Presented): string | undefined {
  const known = [...issuers.values()].find(({ url }) => url === claims.iss)
  const name = scalarText(claims[known?.claim ?? ''])
  const [user, ...others] = [...users].filter(([, one]) => one === name).map(([id]) => id)
  return others.length === 0 ? user : undefined
}

/** Whether an application takes a token, for a user who is assigned to it. */
function takes(directory: Directory, application: Application, claims: Presented): boolean {
  const user = userFor(directory, claims)
  const entry = application.trusted.find(({ issuer }) => directory.issuers.get(issuer)?.url === claims.iss)
  return (
    user !== undefined &&
    entry?.audiences.includes(scalarText(claims.aud)) === true &&
    assignedBy(directory, application, user).length > 0
  )
}

function told(documents: readonly Pasted[]): { readonly cloud: Cloud; readonly directory: Directory } {
  const texts = textsOf(documents, 'sh')
  const all = texts.join('\n')
  const [, instance = ''] = /^instance=(\S+)$/m.exec(all) ?? []
  const [, application = 'none'] = /--application-arn (arn:\S+)/.exec(all) ?? []
  const [cloud, directory] = [newCloud(), newDirectory(instance, application)]
  obey(cloud, directory, runInShellNow(texts), ACCOUNT)
  return { cloud, directory }
}

/** Lets in whom some role trades for, on the way to a last role: both of its tokens say the same but for the audience. */
export const identityCenter: Model = (documents) => {
  const { cloud, directory } = told(documents)
  return (claims) =>
    opened(cloud, { ...claims, aud: AUDIENCE }).some(({ arn, policies }) => {
      const trades = [...directory.applications].some(
        ([resource, application]) =>
          allows(policies, { action: 'sso-oauth:CreateTokenWithIAM', resource, context: NOTHING }) &&
          application.actors !== undefined &&
          allows([application.actors], {
            action: 'sso-oauth:CreateTokenWithIAM',
            principal: ['AWS', arn],
            context: NOTHING,
          }) &&
          takes(directory, application, claims),
      )
      return trades && [...cloud.roles.keys()].some((last) => mayHandOn(cloud, arn, last))
    })
}

function mayHandOn({ roles }: Cloud, from: string, to: string): boolean {
  const [one, last] = [roles.get(from), roles.get(to)]
  const context = new Map([['sts:rolesessionname', 'dbt-456-1-1']])
  return (
    one !== undefined &&
    last !== undefined &&
    ['sts:AssumeRole', 'sts:SetContext'].every(
      (action) =>
        allows(one.policies, { action, resource: to, context }) &&
        allows([last.trust], { action, principal: ['AWS', from], context }),
    )
  )
}

/** Lets in whom Redshift's own application takes. */
export const redshiftCenter: Model = (documents) => {
  const { directory } = told(documents)
  return (claims) =>
    directory.warehouses.some(({ application }) => {
      const found = directory.applications.get(application)
      return found !== undefined && takes(directory, found, claims)
    })
}
