import { fail } from '../../errors.ts'
import { isLiteral } from '../../pattern.ts'
import type { OtherIssuer } from '../../other-issuer.ts'
import type { Kind } from '../../other-issuer/kinds.ts'
import { heldBy, type Held } from '../../trust/held.ts'
import { comparable } from '../../trust/other-claims.ts'
import type { TrustRule } from '../../trust/rules.ts'
import type { TrustDocument, TrustRequest } from '../../trust.ts'
import { conditionOf } from './condition.ts'
import { ATTRIBUTE, attributeMapping, principalSet } from './principal.ts'
import type { GoogleSettings } from './settings.ts'

/** Characters that Google takes for a condition. */
const LONGEST_CONDITION = 4096

/** Google sees every claim of a token, and so holds all that the grants name. */
export function heldAt(rules: readonly TrustRule[]): Held {
  return heldBy(rules, (rule) => [...comparable(rule).keys(), 'event_name'], 'claims')
}

/** A role of somebody on a service account. */
export interface Binding {
  readonly account: string
  readonly role: string
  readonly member: string
}

/**
 * Attribute to CEL expression. The subject stands in the audit logs of Google and holds at most 127 bytes, which a `sub`
 * with ids may exceed.
 */
export function mappingOf(provider: string, other?: OtherIssuer): readonly (readonly [string, string])[] {
  if (other)
    return [
      ['google.subject', (other.like && SUBJECTS[other.like]) ?? 'assertion.sub'],
      [`attribute.${ATTRIBUTE}`, attributeMapping(provider, other)],
    ]
  return [
    [
      'google.subject',
      '"github:" + assertion.repository_id + ":" + assertion.run_id + ":" + assertion.run_attempt',
    ],
    [`attribute.${ATTRIBUTE}`, attributeMapping(provider)],
  ]
}

/** What stands in the audit logs for a job, where the subject can be longer than Google takes. */
const SUBJECTS: Partial<Record<Kind, string>> = {
  gitlab: '"gitlab:" + assertion.project_id + ":" + assertion.job_id',
  buildkite: '"buildkite:" + assertion.job_id',
  circleci: '"circleci:" + assertion["oidc.circleci.com/project-id"]',
  bitbucket: '"bitbucket:" + assertion.stepUuid',
  terraform: '"terraform:" + assertion.terraform_run_id',
}

/** The condition for the provider, as far as Google takes it. */
export function boundedCondition({ rules }: TrustRequest): string {
  const condition = conditionOf(rules)
  if (condition.length <= LONGEST_CONDITION) return condition
  return fail({
    code: 'configuration',
    problem: `The condition for the provider would have ${condition.length} characters, and Google takes ${LONGEST_CONDITION}.`,
    remedy: 'Give some of the grants a target, and so a provider, of their own.',
  })
}

/** One attribute of the mapping stands for the provider: whom it lets in, it lets in for every binding. */
export function ownedBy(
  { provider }: GoogleSettings,
  { issuer, audiences, rules }: TrustRequest,
): Pick<TrustDocument, 'owns'> {
  const rule = JSON.stringify([issuer, audiences, conditionOf(rules)])
  const remedy = 'Give each target a provider of its own; they can be in one pool.'
  return { owns: [{ what: `the provider ${provider}`, rule, remedy }] }
}

/** Who may act as the service account, and each as the next of the chain. */
export function bindingsOf(settings: GoogleSettings, rules: readonly TrustRule[]): readonly Binding[] {
  const account = settings['service-account']
  const ids = whoseIds(rules)
  if (account === undefined) {
    if (ids.length === 1) return []
    return fail({
      code: 'configuration',
      problem: `The grants name ${ids.length} repositories, and without a service account each would need rights of its own in BigQuery.`,
      remedy: 'Set `service-account` in the identity; all of them then act as that account.',
    })
  }
  const [first, ...rest] = [...settings.delegates, account]
  const users = ids.map((id) => ({
    account: first,
    role: 'roles/iam.workloadIdentityUser',
    member: principalSet(settings.provider, id),
  }))
  const before = [first, ...rest]
  const chain = rest.map((one, at) => ({
    account: one,
    role: 'roles/iam.serviceAccountTokenCreator',
    member: `serviceAccount:${before[at] ?? first}`,
  }))
  return [...users, ...chain]
}

function whoseIds(rules: readonly TrustRule[]): readonly string[] {
  const [other] = rules.flatMap((rule) => rule.other ?? [])
  return other ? [other.issuer.name] : repositoryIds(rules)
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
        'Set `repository-id` in the policy file, or the input `claims: "{ repository_id: … }"`; `gh api repos/OWNER/NAME --jq .id` prints it.',
    })
  })
  return [...new Set(ids)]
}
