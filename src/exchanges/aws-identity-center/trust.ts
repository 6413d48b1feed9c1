import type { Want } from '../../exchange.ts'
import type { TrustDocument, TrustRequest } from '../../trust.ts'
import { comment, sh } from '../../trust/quote.ts'
import { audienceOf as audienceOfSts } from '../aws/place.ts'
import { comparedBy } from '../aws/role-policy.ts'
import * as aws from '../aws/trust.ts'
import { first } from './place.ts'
import { applicationDocument, mayTrade, sessionRole } from './application.ts'
import { keyed, tradesItself, type Keyed, type Settings } from './settings.ts'
import { toldOfIssuer, toldOfUsers, type Compared } from './told.ts'

/** The trusted token issuer and the users; then, unless the warehouse itself trades, the application and its roles. */
export function trust(settings: Settings, want: Want, request: TrustRequest): readonly TrustDocument[] {
  const own = [issuerDocument(settings, request), usersDocument(settings, want, request)]
  if (tradesItself(want)) return own
  const all = keyed(settings)
  const roles = aws.trust(first(all), want, forRole(all, request))
  return [...own, applicationDocument(all, request), ...roles, ...mayTrade(all), sessionRole(all)]
}

/** The same request for the role that trades, which has its own token. */
export function forRole(all: Keyed, request: TrustRequest): TrustRequest {
  const audience = audienceOfSts(first(all))
  return { ...request, audience, audiences: [audience], identity: all.role }
}

/** What the role that trades has compared, where there is one. */
export function compared(want: Want, request: TrustRequest): Compared {
  return tradesItself(want) ? () => [] : (rule) => comparedBy(request, rule)
}

/** One for the whole instance: the text is the same for each target. */
function issuerDocument(settings: Settings, request: TrustRequest): TrustDocument {
  const { instance, region } = settings
  const { name, claim, attribute, title, lines } = toldOfIssuer(settings, request)
  const configuration = {
    OidcJwtConfiguration: {
      IssuerUrl: request.issuer,
      ClaimAttributePath: claim,
      IdentityStoreAttributePath: attribute,
      JwksRetrievalOption: 'OPEN_ID_DISCOVERY',
    },
  }
  const create = [
    sh`instance=${instance}`,
    sh`issuer=$(aws sso-admin create-trusted-token-issuer --region ${region} --instance-arn "$instance" --name ${name} --trusted-token-issuer-type OIDC_JWT --trusted-token-issuer-configuration ${JSON.stringify(configuration)} --query TrustedTokenIssuerArn --output text)`,
  ]
  return {
    title,
    language: 'sh',
    text: [
      comment('#', [
        `In the account of ${instance}, in one shell with what follows. An instance has one such issuer, whatever targets use it:`,
        'where it exists, set the variable "issuer" to its ARN (aws sso-admin list-trusted-token-issuers).',
        ...lines,
      ]),
      ...create,
    ].join('\n'),
    heldThere: [],
    checkedHere: [],
    before: [comment('#', [`In the account of ${instance}.`])],
    // Others of the instance may use it, and by itself it lets nobody in.
    parts: [{ what: `${title}, for ${request.issuer}`, state: '', create: create.join('\n') }],
    prints: { TrustedTokenIssuerConfiguration: configuration },
  }
}

/** One user for each subject, and the group that has the rights. */
function usersDocument(settings: Settings, want: Want, request: TrustRequest): TrustDocument {
  const { region, group } = settings
  const { subjects, title, lines, held, owns } = toldOfUsers(settings, request, compared(want, request))
  const users = subjects.flatMap((subject) => [
    sh`user=$(aws identitystore create-user --region ${region} --identity-store-id "$store" --user-name ${subject} --display-name ${subject} --name GivenName=dbt,FamilyName=workload --query UserId --output text)`,
    sh`aws identitystore create-group-membership --region ${region} --identity-store-id "$store" --group-id "$group" --member-id UserId="$user"`,
  ])
  return {
    title,
    language: 'sh',
    text: [
      comment('#', lines),
      sh`store=$(aws sso-admin describe-instance --region ${region} --instance-arn "$instance" --query IdentityStoreId --output text)`,
      sh`group=$(aws identitystore create-group --region ${region} --identity-store-id "$store" --display-name ${group} --query GroupId --output text)`,
      ...users,
    ].join('\n'),
    ...held,
    owns,
    prints: { Users: subjects.map((subject) => ({ UserName: subject })) },
  }
}
