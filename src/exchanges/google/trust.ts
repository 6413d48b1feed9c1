import { fail } from '../../errors.ts'
import type { Want } from '../../exchange.ts'
import { isLiteral } from '../../pattern.ts'
import { heading } from '../../trust/heading.ts'
import { comment, sh } from '../../trust/quote.ts'
import { heldBy, type Held } from '../../trust/held.ts'
import type { TrustRule } from '../../trust/rules.ts'
import type { TrustDocument, TrustRequest } from '../../trust.ts'
import { conditionOf } from './condition.ts'
import { ATTRIBUTE, attributeMapping, principalSet } from './principal.ts'
import { partsOf, type GoogleSettings } from './settings.ts'

/** Characters that Google takes for a condition. */
const LONGEST_CONDITION = 4096
const CONTINUED = ' \\\n  '

/** The commands of gcloud after which the provider accepts the tokens of these grants, and IAM their holders. */
export function trustOf(
  settings: GoogleSettings,
  want: Want,
  request: TrustRequest,
): readonly TrustDocument[] {
  const { rules } = request
  const held = heldBy(rules, ({ when }) => [...when.keys(), 'event_name'], 'claims')
  const { heldThere, checkedHere } = held
  const parts = [
    introduction(settings, want, request, held),
    provider(settings, request),
    ...bindings(settings, rules),
  ]
  const title = `Google: who may come in as ${request.target}`
  const owns = [
    {
      what: `the provider ${settings.provider}`,
      rule: JSON.stringify([request.issuer, request.audiences, conditionOf(rules)]),
      // One attribute of the mapping stands for the provider: whom it lets in, it lets in for every binding.
      remedy: 'Give each target a provider of its own; they can be in one pool.',
    },
  ]
  const text = `${parts.join('\n\n')}\n`
  return [{ title, language: 'sh', text, heldThere, checkedHere, owns, prints: printed(settings, request) }]
}

/** As `gcloud iam workload-identity-pools providers describe --format json` has it afterwards. */
function printed({ provider: name }: GoogleSettings, { issuer, audiences, rules }: TrustRequest): unknown {
  return {
    name,
    state: 'ACTIVE',
    oidc: { issuerUri: issuer, allowedAudiences: audiences },
    attributeMapping: Object.fromEntries(mappingOf(name)),
    attributeCondition: conditionOf(rules),
  }
}

/** The subject stands in the audit logs of Google and holds at most 127 bytes, which a `sub` with ids may exceed. */
function mappingOf(provider: string): readonly (readonly [string, string])[] {
  return [
    [
      'google.subject',
      '"github:" + assertion.repository_id + ":" + assertion.run_id + ":" + assertion.run_attempt',
    ],
    [`attribute.${ATTRIBUTE}`, attributeMapping(provider)],
  ]
}

function introduction({ lifetime }: GoogleSettings, want: Want, request: TrustRequest, held: Held): string {
  const extended = 'iam.allowServiceAccountCredentialLifetimeExtension'
  return comment('#', [
    ...heading(request, held),
    'Google sees all claims of a token; the event file of a pull request is read by the action alone.',
    `APIs of the project: iam, sts, iamcredentials${want.scope?.includes('/auth/bigquery') ? ' and bigquery' : ''}. Changes take up to five minutes.`,
    'Where pool or provider exist, leave out the first command or write update-oidc for create-oidc.',
    ...(lifetime > 3600
      ? [`Tokens of ${lifetime} s need the organisation policy ${extended} to list the account.`]
      : []),
  ])
}

function provider({ provider: name }: GoogleSettings, { issuer, audiences, rules }: TrustRequest): string {
  const condition = conditionOf(rules)
  if (condition.length > LONGEST_CONDITION) {
    fail({
      code: 'configuration',
      problem: `The condition for the provider would have ${condition.length} characters, and Google takes ${LONGEST_CONDITION}.`,
      remedy: 'Give some of the grants a target, and so a provider, of their own.',
    })
  }
  const mapping = mappingOf(name)
    .map(([key, expression]) => `${key}=${expression}`)
    .join(',')
  return [
    sh`gcloud iam workload-identity-pools create ${partsOf(name).pool}`,
    [
      sh`gcloud iam workload-identity-pools providers create-oidc ${name}`,
      sh`--issuer-uri=${issuer}`,
      sh`--allowed-audiences=${audiences.join(',')}`,
      sh`--attribute-mapping=${mapping}`,
      sh`--attribute-condition=${condition}`,
    ].join(CONTINUED),
  ].join('\n\n')
}

function bindings(settings: GoogleSettings, rules: readonly TrustRule[]): readonly string[] {
  const account = settings['service-account']
  const ids = repositoryIds(rules)
  if (account === undefined) {
    if (ids.length === 1) return []
    return fail({
      code: 'configuration',
      problem: `The grants name ${ids.length} repositories, and without a service account each would need rights of its own in BigQuery.`,
      remedy: 'Set `service-account` in the identity; all of them then act as that account.',
    })
  }
  const [first, ...rest] = [...settings.delegates, account]
  const users = ids.map((id) =>
    binding(first, 'roles/iam.workloadIdentityUser', principalSet(settings.provider, id)),
  )
  const before = [first, ...rest]
  const chain = rest.map((one, at) =>
    binding(one, 'roles/iam.serviceAccountTokenCreator', `serviceAccount:${before[at] ?? first}`),
  )
  return [...users, ...chain]
}

function binding(account: string, role: string, member: string): string {
  return [
    sh`gcloud iam service-accounts add-iam-policy-binding ${account}`,
    sh`--role=${role}`,
    sh`--member=${member}`,
  ].join(CONTINUED)
}

/** A name can be given up and taken by somebody else; an id cannot. */
function repositoryIds(rules: readonly TrustRule[]): readonly string[] {
  const ids = rules.flatMap(({ grant, when }) => {
    const found = when.get('repository_id') ?? []
    if (found.length > 0 && found.every((id) => isLiteral(id) && /^\d+$/.test(id))) return found
    return fail({
      code: 'configuration',
      problem: `The grant ${grant} does not say the repository's id, which Google's binding is made for.`,
      remedy:
        'Set `repository-id` in the policy file, or `claims: { repository_id: … }`; `gh api repos/OWNER/NAME --jq .id` prints it.',
    })
  })
  return [...new Set(ids)]
}
