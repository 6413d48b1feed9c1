import type { Want } from '../../exchange.ts'
import type { TrustDocument, TrustRequest } from '../../trust.ts'
import { heldBy } from '../../trust/held.ts'
import { comment, sh } from '../../trust/quote.ts'
import { subjectsOf } from '../../trust/rules.ts'
import { audienceOf as audienceOfSts } from '../aws/place.ts'
import * as aws from '../aws/trust.ts'
import { fail } from '../../errors.ts'
import { first } from './place.ts'
import { applicationDocument, mayTrade, sessionRole } from './application.ts'
import { keyed, tradesItself, type Settings } from './settings.ts'

/** What Identity Center takes for the name of a user. */
const LONGEST = 128

/** The trusted token issuer and the users; then, unless the warehouse itself trades, the application and its roles. */
export function trust(settings: Settings, want: Want, request: TrustRequest): readonly TrustDocument[] {
  const own = [issuerDocument(settings, request), usersDocument(settings, request)]
  if (tradesItself(want)) return own
  const all = keyed(settings)
  const trader = first(all)
  const roles = aws.trust(trader, want, {
    ...request,
    audience: audienceOfSts(trader),
    audiences: [audienceOfSts(trader)],
    identity: all.role,
  })
  return [...own, applicationDocument(all, request), ...roles, mayTrade(all), sessionRole(all)]
}

/** One for the whole instance: the text is the same for each target. */
function issuerDocument({ instance, region }: Settings, { issuer }: TrustRequest): TrustDocument {
  const configuration = {
    OidcJwtConfiguration: {
      IssuerUrl: issuer,
      ClaimAttributePath: 'sub',
      IdentityStoreAttributePath: 'userName',
      JwksRetrievalOption: 'OPEN_ID_DISCOVERY',
    },
  }
  return {
    title: `Trusted token issuer in ${instance}`,
    language: 'sh',
    text: [
      comment('#', [
        `In the account of ${instance}, in one shell with what follows. An instance has one such issuer, whatever targets use it:`,
        `where it exists, set the variable "issuer" to its ARN (aws sso-admin list-trusted-token-issuers).`,
        'Experimental: GitHub vouches for a workload and not for a person. It compares the whole subject with the names of users.',
      ]),
      sh`instance=${instance}`,
      sh`issuer=$(aws sso-admin create-trusted-token-issuer --region ${region} --instance-arn "$instance" --name github-actions --trusted-token-issuer-type OIDC_JWT --trusted-token-issuer-configuration ${JSON.stringify(configuration)} --query TrustedTokenIssuerArn --output text)`,
    ].join('\n'),
    heldThere: [],
    checkedHere: [],
  }
}

/** One user for each subject, and the group that has the rights. */
function usersDocument({ instance, region, group }: Settings, request: TrustRequest): TrustDocument {
  const subjects = exactSubjects(request)
  const { heldThere, checkedHere, byGrant } = heldBy(request.rules, (rule) => rule.heldBySubject)
  const users = subjects.flatMap((subject) => [
    sh`user=$(aws identitystore create-user --region ${region} --identity-store-id "$store" --user-name ${subject} --display-name ${subject} --name GivenName=dbt,FamilyName=workload --query UserId --output text)`,
    sh`aws identitystore create-group-membership --region ${region} --identity-store-id "$store" --group-id "$group" --member-id UserId="$user"`,
  ])
  return {
    title: `Users of the group ${group} in IAM Identity Center`,
    language: 'sh',
    text: [
      comment('#', [
        `Users that stand for the runs of the target ${request.target}, each named as the subject of their tokens, and their group ${group}.`,
        'They need no password and no other group: nobody signs in as them.',
        `Held there by the subject: ${heldThere.join(', ') || 'nothing but the repository'}.`,
        `Checked by this action only: ${checkedHere.join(', ') || 'nothing'}.`,
        ...byGrant,
        'A directory that is synchronised from elsewhere (SCIM) takes its users from there: make them there, under the same names.',
      ]),
      sh`store=$(aws sso-admin describe-instance --region ${region} --instance-arn "$instance" --query IdentityStoreId --output text)`,
      sh`group=$(aws identitystore create-group --region ${region} --identity-store-id "$store" --display-name ${group} --query GroupId --output text)`,
      ...users,
    ].join('\n'),
    heldThere,
    checkedHere,
    owns: [
      {
        what: `the group ${group} of ${instance}`,
        rule: JSON.stringify(subjects),
        remedy: 'Give each target a group of its own: who is in it has all of its rights.',
      },
      ...subjects.map((subject) => ({
        what: `the user ${subject} of ${instance}`,
        rule: group,
        remedy:
          'Let the grants of each target name an environment (or ref) of its own: a user has the rights of all of its groups.',
      })),
    ],
  }
}

function exactSubjects(request: TrustRequest): readonly string[] {
  const { rules, target } = request
  const vague = rules.find(({ exact }) => !exact)
  const subjects = subjectsOf(rules)
  const problem = vague
    ? `The name of a user is one whole subject, and the grant ${vague.grant} of ${target} fits every subject like \`${vague.subjects.find((one) => one.includes('*')) ?? ''}\`.`
    : subjects
        .filter((one) => one.length > LONGEST || one.includes(' '))
        .map(
          (one) =>
            `\`${one}\` cannot be the name of a user: Identity Center takes ${LONGEST} characters without spaces.`,
        )[0]
  if (problem === undefined) return subjects
  return fail({
    code: 'configuration',
    problem,
    remedy:
      'Let the grant name one `environment` (or one `ref`) in full, without `*`; the environment can allow further branches on GitHub.',
  })
}
