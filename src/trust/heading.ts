import type { TrustRequest } from '../trust.ts'
import type { Held } from './held.ts'

/** The first lines of every document: for what it is, what is held there, and what only this action checks. */
export function heading(
  { target, via, issuer, audiences, rules }: TrustRequest,
  { heldThere, checkedHere, byGrant }: Held,
): readonly string[] {
  return [
    `Trust of the target ${target} (via ${via}): tokens of ${issuer} for the audience ${audiences.join(' and ')}.`,
    `Grants: ${rules.map(({ grant }) => (grant === 'inputs' ? 'the inputs of the step' : grant)).join(', ')}.`,
    `Held here: ${listed(['issuer', 'audience', ...heldThere])}.`,
    checkedHere.length === 0
      ? 'Nothing of the grants is left to the action alone.'
      : `Checked by the action only, and not by this statement: ${listed(checkedHere)}.`,
    ...byGrant,
    ...(checkedHere.includes('event_name') && !rules.every(({ when }) => when.has('event_name'))
      ? [
          'event_name: tokens of pull_request_target, workflow_run, issue_comment and the like can have the same subject;',
          'the action grants them only where a grant names them.',
        ]
      : []),
    // Where the id itself is compared, it does not matter which form the subject has.
    ...(heldThere.includes('repository_id') ? [] : aboutForms(rules)),
  ]
}

function aboutForms(rules: TrustRequest['rules']): readonly string[] {
  const hasForm = (form: RegExp): boolean =>
    rules.some(({ subjects }) => subjects.some((one) => form.test(one)))
  const [byName, byId] = [hasForm(/^repo:[^@:]+:/), hasForm(/^repo:[^@/]+@/)]
  return byName && byId
    ? [
        'Both forms of `sub` are trusted; `trust --github` asks which one the repository has, and leaves the other away.',
      ]
    : []
}

function listed(claims: readonly string[]): string {
  return claims.join(', ')
}
