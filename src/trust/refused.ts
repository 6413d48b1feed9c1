import { isLiteral } from '../pattern.ts'
import type { TrustRule } from './rules.ts'

/** By what the other side knows a token: by its subject, if need be beside other claims, or by its claims alone. */
export type KnownBy = 'subject' | 'claims'

/** Where statement and policy differ in more than the claims that the statement leaves out, in sentences. */
export function differences(
  rules: readonly TrustRule[],
  open: (rule: TrustRule) => readonly string[],
  by: KnownBy,
): readonly string[] {
  const refused = reasons(rules, by)
  const unseen = rules.some((rule) =>
    [...rule.when].some(([claim, patterns]) => !patterns.every(isLiteral) && !open(rule).includes(claim)),
  )
  return [
    ...(by === 'subject' && rules.some((rule) => !rule.other && namesNoIds(rule))
      ? [
          'Without `repository-id` and `repository-owner-id` in the policy, only the name form of `sub` is trusted.',
        ]
      : []),
    ...(refused.length === 0
      ? []
      : [`Refused there, though the policy may grant it: ${refused.join('; ')}.`]),
    ...(unseen
      ? ['Characters that nobody can see fit a star there; they are refused by the action only.']
      : []),
  ]
}

/** Tokens that a grant can fit and that its statement cannot. */
function reasons(rules: readonly TrustRule[], by: KnownBy): readonly string[] {
  const renamed = rules.some(({ when }) => when.has('repository_id') && when.has('repository'))
    ? ['a repository that was renamed, until this is written anew']
    : []
  const bySubject = rules.filter(({ when }) => by === 'subject' && !when.has('sub'))
  if (rules.some(({ other }) => other))
    return bySubject.length === 0 ? [] : ['a `sub` that is made otherwise than its issuer makes it by itself']
  const shut = bySubject.filter(takesNoEnvironment)
  const which = shut.length === rules.length ? '' : `, of ${shut.map(({ grant }) => grant).join(', ')}`
  return [
    ...(shut.length === 0
      ? []
      : [`a job with an environment${which}, whose \`sub\` names that and nothing else`]),
    ...renamed,
    ...(bySubject.length === 0 ? [] : ['a `sub` by a template of the repository’s own']),
  ]
}

/** Without an id of both, there is no knowing the form of `sub` that holds them. */
function namesNoIds({ when }: TrustRule): boolean {
  return !when.has('sub') && !(when.has('repository_id') && when.has('repository_owner_id'))
}

function takesNoEnvironment({ subjects }: TrustRule): boolean {
  return !subjects.some((subject) => subject.includes(':environment:'))
}
