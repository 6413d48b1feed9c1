import type { Claims } from '../../claims.ts'
import type { Diagnosis } from '../../exchange.ts'
import { checkedRole } from './place.ts'
import type { Settings } from './settings.ts'

/** As AWS writes them. */
export const ERRORS: readonly string[] = [
  'Not authorized to perform sts:AssumeRoleWithWebIdentity',
  'No OpenIDConnect provider found in your account',
  'Incorrect token audience',
  "Couldn't retrieve verification key from your identity provider",
  'ExpiredTokenException: Token expired',
  'The security token included in the request is expired',
  'Signature expired',
  'Signature not yet current',
  'The request signature we calculated does not match the signature you provided',
  'exceeds the MaxSessionDuration set for this role',
  'exceeds the 1 hour session limit for roles assumed by role chaining',
  'is not authorized to perform: sts:AssumeRole on resource',
  'PackedPolicyTooLarge',
  'MalformedPolicyDocument',
  'RegionDisabledException',
  'The security token included in the request is invalid',
  'Unable to locate credentials',
  'Failed to assume role',
]

type Case = (settings: Settings, claims: Claims) => Diagnosis

const CASES: readonly (readonly [RegExp, Case])[] = [
  [
    /not authorized to perform:? sts:AssumeRoleWithWebIdentity/i,
    ({ role }, claims) => ({
      problem: `AWS lets nobody with this token assume ${role}: there is no such role, or its trust policy does not fit the token.`,
      remedy: `AWS does not say which. Check that the role exists in account ${checkedRole(role).account}, and compare its trust policy with the token, case by case: ${facts(claims)}. \`dbt-oidc trust\` prints the policy that fits.`,
    }),
  ],
  [
    /No OpenIDConnect provider found/i,
    ({ role }, { iss }) => ({
      problem: `The account ${checkedRole(role).account} does not know the issuer ${iss}.`,
      remedy: `Create its identity provider: aws iam create-open-id-connect-provider --url ${iss} --client-id-list sts.amazonaws.com. If it exists, \`role\` names the wrong account.`,
    }),
  ],
  [
    /Incorrect token audience/i,
    ({ role }, { iss }) => ({
      problem: 'The identity provider in AWS does not list the audience of the token.',
      remedy: `Add the audience to the client ids of the provider for ${iss} in account ${checkedRole(role).account} (aws iam add-client-id-to-open-id-connect-provider), or set \`audience:\` to one that it has.`,
    }),
  ],
  [
    /retrieve verification key|IDPCommunicationError/i,
    (_settings, { iss }) => ({
      problem: `AWS could not read the keys of ${iss} in time.`,
      remedy: 'It was tried several times with fresh tokens. Run the job again; nothing of yours is wrong.',
    }),
  ],
  [
    /security token included in the request is expired/i,
    () => ({
      problem: 'The keys that had signed the request were past their end when AWS looked at them.',
      remedy: 'Run the job again, which gets new ones. If it comes again, check the clock of the runner.',
    }),
  ],
  [
    /ExpiredToken|Token (?:is )?expired/i,
    () => ({
      problem: 'The token had expired when AWS looked at it, several times in a row.',
      remedy: "Check the clock of the runner; GitHub's tokens live 5 minutes.",
    }),
  ],
  [
    /Signature expired|Signature not yet current|RequestExpired|RequestTimeTooSkewed/i,
    () => ({
      problem:
        'The clock of the runner and that of AWS differ by more than AWS forgives: what was signed just now is too old there, or not yet valid.',
      remedy: 'Let the runner set its clock by NTP; one that GitHub hosts does. AWS names both times below.',
    }),
  ],
  [
    /signature we calculated does not match/i,
    () => ({
      problem: 'What came to AWS is not what was signed here: something in between has changed the request.',
      remedy:
        'Look for a proxy between the runner and AWS that adds, removes or rewrites headers, and let it pass these hosts through as they are.',
    }),
  ],
  [
    /exceeds the MaxSessionDuration/i,
    ({ role, duration = 3600 }) => ({
      problem: `The role ${role} does not allow sessions of ${duration} s.`,
      remedy: `Lower \`duration\`, or raise the role's maximum: aws iam update-role --role-name ${checkedRole(role).name} --max-session-duration ${duration}.`,
    }),
  ],
  [
    /1 hour session limit for roles assumed by role chaining/i,
    () => ({
      problem: 'A role that another role assumes lives no longer than an hour.',
      remedy: 'Set `duration` in `chain` to at most 3600.',
    }),
  ],
  [
    /not authorized to perform:? sts:(AssumeRole|TagSession)\b/i,
    ({ role, chain }) => ({
      problem: `One role of the chain ${[role, ...(chain ?? []).map((link) => link.role)].join(' → ')} may not assume the next.`,
      remedy:
        'The role before it needs sts:AssumeRole (and sts:TagSession for `session-tags`) on it, and it must trust the role before it, with the same external id. `dbt-oidc trust` prints both.',
    }),
  ],
  [
    /PackedPolicyTooLarge/i,
    () => ({
      problem: 'Session policy and session tags are too long together.',
      remedy: 'Shorten `session-policy`, name fewer `session-policies`, or use fewer `session-tags`.',
    }),
  ],
  [
    /MalformedPolicyDocument/i,
    () => ({
      problem: 'AWS does not understand the session policy.',
      remedy: 'Check `session-policy` with aws accessanalyzer validate-policy --policy-type IDENTITY_POLICY.',
    }),
  ],
  [
    /RegionDisabled|STS is not activated in this region/i,
    ({ region, role }) => ({
      problem: `The token service of ${region ?? 'this region'} is switched off in the account ${checkedRole(role).account}.`,
      remedy: 'Activate it in the account settings of IAM, or set `region` to one that is active.',
    }),
  ],
  [
    /The security token included in the request is invalid/i,
    ({ role }) => ({
      problem: `The keys that dbt's driver has used are none of a session of ${role}: temporary keys without their session token, or somebody else's.`,
      remedy:
        'Take keys out of the output: an adapter without a field for the session token gets them from this action by other ways. Look for AWS_* variables in `env:`, too.',
    }),
  ],
  [
    /Unable to locate credentials/i,
    () => ({
      problem: "The AWS SDK of dbt's driver found no keys: something leads it past those of this action.",
      remedy:
        'Look for AWS_* variables in `env:` and in the project, and for a field that names a profile of AWS (`aws_profile_name`, `iam_profile`).',
    }),
  ],
  [
    /Failed to assume role/i,
    ({ role }) => ({
      problem: `The driver of dbt wanted to assume a further role with the keys of ${role}, and may not.`,
      remedy:
        'Write that role as the last of `chain` under `identity:` in place of the field of the output, or let it trust this one; `dbt-oidc trust` prints both sides of a chain.',
    }),
  ],
]

/** What an error text of AWS means for these settings and this token. */
export function diagnose(error: string, settings: Settings, claims: Claims): Diagnosis | undefined {
  const found = CASES.find(([text]) => text.test(error))
  return found?.[1](settings, claims)
}

function facts({ sub, all }: Claims): string {
  const shown = ['repository_id', 'ref', 'environment', 'job_workflow_ref'].flatMap((claim) => {
    const value = all.get(claim)
    return value === undefined ? [] : [`${claim} ${value}`]
  })
  return [`sub ${sub}`, ...shown].join(', ')
}
