import type { TrustDocument, TrustFormat, TrustRequest } from '../../trust.ts'
import { hclDocument } from '../../trust/hcl.ts'
import { roleLabel } from '../../trust/iam.ts'
import { comment, json, jsonWord, sh, verbatim } from '../../trust/quote.ts'
import { rolePolicy } from '../../trust/role-policy.ts'
import { checkedRole } from '../aws/place.ts'
import { owned, type Policy } from '../aws/role-policy.ts'
import { roleResource } from '../aws/terraform.ts'
import { createRole, inAccount, printed, roleParts } from '../aws/trust.ts'
import { findGroup, findIssuer } from './find.ts'
import type { Keyed } from './settings.ts'

/** Who may trade tokens for the application. */
export function actorPolicy({ role }: Keyed): unknown {
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { AWS: role },
        Action: 'sso-oauth:CreateTokenWithIAM',
        Resource: '*',
      },
    ],
  }
}

/** The command that sets it, for which Terraform has no resource. */
export function actorCommand(settings: Keyed): string {
  const method = { Iam: { ActorPolicy: actorPolicy(settings) } }
  return sh`aws sso-admin put-application-authentication-method --region ${settings.region} --application-arn ${settings.application} --authentication-method-type IAM --authentication-method ${jsonWord(method)}`
}

/** An application is for one target: whom it takes, it takes for all. */
export function ownedApplication(
  { application, group, role }: Keyed,
  { audiences }: TrustRequest,
): Pick<TrustDocument, 'owns'> {
  return {
    owns: [
      {
        what: `the application ${application}`,
        rule: JSON.stringify([audiences, role, group]),
        remedy: 'Give each target an application of its own.',
        beside:
          'An application is for one group and one role that trades: name a second one beside it, `--set identity.application=…` with `--set identity.role=…` and `--set identity.session-role=…`, and leave the group as it is.',
      },
    ],
  }
}

/** The application for which tokens are traded: whose tokens, for which audience, by which role, for whom. */
export function applicationDocument(settings: Keyed, request: TrustRequest): TrustDocument {
  const { application, region, instance, group } = settings
  const { target, audiences } = request
  const made = [
    `The application for the target ${target}. It has to be there before its ARN is known:`,
    sh`aws sso-admin create-application --region ${region} --instance-arn "$instance" --application-provider-arn arn:aws:sso::aws:applicationProvider/custom --name ${`dbt-${target}`}`,
  ]
  const grant = sh`aws sso-admin put-application-grant --region ${region} --application-arn ${application} --grant-type urn:ietf:params:oauth:grant-type:jwt-bearer --grant ${withIssuer({ JwtBearer: { AuthorizedTokenIssuers: [{ TrustedTokenIssuerArn: ISSUER, AuthorizedAudiences: audiences }] } })}`
  const actors = actorCommand(settings)
  const assign = sh`aws sso-admin create-application-assignment --region ${region} --application-arn ${application} --principal-type GROUP --principal-id "$group"`
  const takes = [sh`instance=${instance}`, findIssuer(region), grant].join('\n')
  const what = `the application ${application}`
  return {
    title: `Application ${application}`,
    language: 'sh',
    text: [
      comment('#', [...made, 'Each of these commands sets the whole of what it is for.']),
      grant,
      actors,
      assign,
    ].join('\n'),
    heldThere: [],
    checkedHere: [],
    before: [comment('#', [`In the account of ${instance}.`])],
    parts: [
      {
        what,
        state: '',
        create: comment('#', made),
        // Grant, actors and assignments go along with it.
        remove: sh`aws sso-admin delete-application --region ${region} --application-arn ${application}`,
      },
      { what: `the grant of ${what}`, state: JSON.stringify(audiences), create: takes, update: takes },
      { what: `the actors of ${what}`, state: settings.role, create: actors, update: actors },
      {
        what: `the assignment of the group ${group} to ${what}`,
        state: '',
        create: [sh`instance=${instance}`, findGroup(region, group), assign].join('\n'),
      },
    ],
    ...ownedApplication(settings, request),
    prints: [
      { Grant: { JwtBearer: { AuthorizedTokenIssuers: [{ AuthorizedAudiences: audiences }] } } },
      { AuthenticationMethod: { Iam: { ActorPolicy: actorPolicy(settings) } } },
    ],
  }
}

/** What the role that trades may do: each application and each last role has a policy of its own, so that another comes beside it. */
export function mayTrade(
  { role, application, 'session-role': last }: Keyed,
  format: TrustFormat = 'commands',
): readonly TrustDocument[] {
  const { name, account } = checkedRole(role)
  const next = checkedRole(last)
  const allowed = (
    title: string,
    policyName: string,
    statement: Policy['Statement'][number],
    line: string,
  ): TrustDocument =>
    rolePolicy(
      {
        title,
        arn: role,
        name: policyName.slice(0, 128),
        policy: { Version: '2012-10-17', Statement: [statement] },
        lines: [`AWS account ${account}: ${line}`],
      },
      format,
    )
  return [
    allowed(
      `The role ${name} may trade tokens at IAM Identity Center`,
      `trade-${application.split('/').at(-1) ?? ''}`,
      { Effect: 'Allow', Action: 'sso-oauth:CreateTokenWithIAM', Resource: application },
      `${role} may trade tokens for one application.`,
    ),
    allowed(
      `The role ${name} may hand its user on to ${next.name}`,
      `set-context-${next.account}-${next.name}`,
      { Effect: 'Allow', Action: ['sts:AssumeRole', 'sts:SetContext'], Resource: last },
      `${role} may hand its user on to one role, and do nothing else.`,
    ),
  ]
}

/** The role that dbt gets. */
export function sessionRole(
  { role, 'session-role': arn }: Keyed,
  format: TrustFormat = 'commands',
): TrustDocument {
  const last = checkedRole(arn)
  const policy: Policy = {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { AWS: role },
        Action: ['sts:AssumeRole', 'sts:SetContext'],
        Condition: { StringLike: { 'sts:RoleSessionName': 'dbt-*' } },
      },
    ],
  }
  const head = comment('#', [
    `AWS account ${last.account}: ${role} may assume ${arn} for a user of Identity Center.`,
  ])
  const title = `Role ${last.name} in account ${last.account}, for users of IAM Identity Center`
  const rest = { heldThere: [], checkedHere: [], ...owned(last, policy) }
  if (format === 'terraform') {
    const text = hclDocument(head, [roleResource(last, 3600, policy, `aws_iam_role.${roleLabel(role)}`)])
    return { title, language: 'hcl', text, ...rest }
  }
  return {
    title,
    language: 'sh',
    text: [head, createRole(last, 3600, policy)].join('\n'),
    before: inAccount(last),
    parts: roleParts(last, 3600, policy),
    ...rest,
    prints: printed(last, policy),
  }
}

/** Stands for the ARN of the trusted token issuer, which AWS chooses. */
export const ISSUER = '$issuer'

/** JSON as one word of a shell in which the variable `issuer` has that ARN. */
export function withIssuer(value: unknown) {
  return verbatim(jsonWord(value).fragment.replaceAll(json(ISSUER), `"'"$issuer"'"`))
}
