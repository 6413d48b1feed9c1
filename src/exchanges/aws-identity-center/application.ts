import type { TrustDocument, TrustRequest } from '../../trust.ts'
import { comment, json, jsonWord, sh, verbatim } from '../../trust/quote.ts'
import { checkedRole } from '../aws/place.ts'
import { owned } from '../aws/role-policy.ts'
import { createRole, printed } from '../aws/trust.ts'
import type { Keyed } from './settings.ts'

/** The application for which tokens are traded: whose tokens, for which audience, by which role, for whom. */
export function applicationDocument(settings: Keyed, { target, audiences }: TrustRequest): TrustDocument {
  const { application, region, group, role } = settings
  const method = {
    Iam: {
      ActorPolicy: {
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Allow',
            Principal: { AWS: role },
            Action: 'sso-oauth:CreateTokenWithIAM',
            Resource: '*',
          },
        ],
      },
    },
  }
  return {
    title: `Application ${application}`,
    language: 'sh',
    text: [
      comment('#', [
        `The application for the target ${target}. It has to be there before its ARN is known:`,
        sh`aws sso-admin create-application --region ${region} --instance-arn "$instance" --application-provider-arn arn:aws:sso::aws:applicationProvider/custom --name ${`dbt-${target}`}`,
        'Each of these commands sets the whole of what it is for.',
      ]),
      sh`aws sso-admin put-application-grant --region ${region} --application-arn ${application} --grant-type urn:ietf:params:oauth:grant-type:jwt-bearer --grant ${withIssuer({ JwtBearer: { AuthorizedTokenIssuers: [{ TrustedTokenIssuerArn: ISSUER, AuthorizedAudiences: audiences }] } })}`,
      sh`aws sso-admin put-application-authentication-method --region ${region} --application-arn ${application} --authentication-method-type IAM --authentication-method ${jsonWord(method)}`,
      sh`aws sso-admin create-application-assignment --region ${region} --application-arn ${application} --principal-type GROUP --principal-id "$group"`,
    ].join('\n'),
    heldThere: [],
    checkedHere: [],
    owns: [
      {
        what: `the application ${application}`,
        rule: JSON.stringify([audiences, role, group]),
        remedy: 'Give each target an application of its own.',
      },
    ],
  }
}

/** What the role that trades may do. */
export function mayTrade({ role, application, 'session-role': last }: Keyed): TrustDocument {
  const { name, account } = checkedRole(role)
  const policy = {
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Action: 'sso-oauth:CreateTokenWithIAM', Resource: application },
      { Effect: 'Allow', Action: ['sts:AssumeRole', 'sts:SetContext'], Resource: last },
    ],
  }
  return {
    title: `The role ${name} may trade tokens at IAM Identity Center`,
    language: 'sh',
    text: [
      comment('#', [
        `AWS account ${account}: ${role} may trade tokens for one application, hand its user on to one role, and nothing else.`,
      ]),
      sh`aws iam put-role-policy --role-name ${name} --policy-name identity-center --policy-document ${jsonWord(policy)}`,
    ].join('\n'),
    heldThere: [],
    checkedHere: [],
  }
}

/** The role that dbt gets. */
export function sessionRole({ role, 'session-role': arn }: Keyed): TrustDocument {
  const last = checkedRole(arn)
  const policy = {
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
  return {
    title: `Role ${last.name} in account ${last.account}, for users of IAM Identity Center`,
    language: 'sh',
    text: [
      comment('#', [`AWS account ${last.account}: ${role} may assume ${arn} for a user of Identity Center.`]),
      createRole(last, 3600, policy),
    ].join('\n'),
    heldThere: [],
    checkedHere: [],
    ...owned(last, policy),
    prints: printed(last, policy),
  }
}

/** Stands for the ARN of the trusted token issuer, which AWS chooses. */
export const ISSUER = '$issuer'

/** JSON as one word of a shell in which the variable `issuer` has that ARN. */
export function withIssuer(value: unknown) {
  return verbatim(jsonWord(value).fragment.replaceAll(json(ISSUER), `"'"$issuer"'"`))
}
