import { isLiteral } from '../pattern.ts'
import type { OtherIssuer } from '../other-issuer.ts'
import type { Grant, When } from '../policy.ts'
import { subjectsFor } from './other-subject.ts'
import { heldInSubjects } from './subject.ts'

/** What one grant means to a platform that sees tokens and nothing else. */
export interface TrustRule {
  /** Name of the grant. */
  readonly grant: string
  /** Claim to patterns, as {@link Grant.when}; claims whose patterns are all literal can be compared anywhere. */
  readonly when: When
  /** Every `sub` of a token that the grant may fit, in each form that the repository may have; patterns unless `exact`. */
  readonly subjects: readonly string[]
  /** Whether each of `subjects` is one whole value. */
  readonly exact: boolean
  /** Claims of `when` that a platform holds by comparing `sub` alone. */
  readonly heldBySubject: readonly string[]
  /** Whose tokens the grant is for, where that is not GitHub. */
  readonly other?: { readonly issuer: OtherIssuer; readonly firm: readonly string[] }
}

/** How the subject names the repository; `both` where nobody has asked GitHub. */
export type SubjectForm = 'name' | 'id' | 'both'

/** The rules of the grants that lead to one target, in the order of the policy. */
export function trustRules(
  grants: readonly Grant[],
  target: string,
  form: SubjectForm = 'both',
  other?: OtherIssuer,
): readonly TrustRule[] {
  const own = grants.filter((grant) => grant.target === target)
  return own.map((grant) => (other ? ruleOfOther(grant, other) : ruleOf(grant, form)))
}

function ruleOfOther({ name, when }: Grant, issuer: OtherIssuer): TrustRule {
  const { patterns, held, firm } = subjectsFor(when, issuer)
  return {
    grant: name,
    when,
    subjects: patterns,
    exact: patterns.length > 0 && patterns.every(isLiteral),
    heldBySubject: held,
    other: { issuer, firm },
  }
}

/**
 * Claims of the rules that are not among `held`, each once. `event_name` is a condition of every rule: events that run
 * what others have written are granted by name only, and their tokens can have the subject of a push.
 */
export function notHeld(
  rules: readonly TrustRule[],
  held: (rule: TrustRule) => readonly string[],
): readonly string[] {
  const open = rules.flatMap((rule) =>
    [...rule.when.keys(), ...(rule.other ? [] : ['event_name'])].filter(
      (claim) => !held(rule).includes(claim),
    ),
  )
  return [...new Set(open)]
}

/** Claims that have one and the same literal value in all of the rules. */
export function commonTo(rules: readonly TrustRule[]): ReadonlyMap<string, string> {
  const [first, ...others] = rules.map(({ when }) => when)
  const common = [...(first ?? [])].flatMap(([claim, [value = '', ...more]]): [string, string][] => {
    const same = (other: When): boolean => other.get(claim)?.length === 1 && other.get(claim)?.[0] === value
    return more.length === 0 && isLiteral(value) && others.every(same) ? [[claim, value]] : []
  })
  return new Map(common)
}

/** What to do about a grant whose subject is left open, where the other side compares it as a whole. */
export function wholeSubject({ other }: TrustRule, otherwise: string): string {
  return other
    ? `Name each claim of which the subject of ${other.issuer.name} is made, without a star, or write it out: \`sub: …\`.`
    : otherwise
}

/** Every distinct subject of the rules. */
export function subjectsOf(rules: readonly TrustRule[]): readonly string[] {
  return [...new Set(rules.flatMap(({ subjects }) => subjects))]
}

function ruleOf({ name, when }: Grant, form: SubjectForm): TrustRule {
  const written = when.get('sub')
  if (written)
    return {
      grant: name,
      when,
      subjects: written,
      exact: written.every(isLiteral),
      heldBySubject: ['sub', ...heldInSubjects(written, when)],
    }
  const { contexts, held } = contextOf(when)
  const subjects = prefixesOf(when, form).flatMap((prefix) =>
    contexts.map((context) => `${prefix}:${context}`),
  )
  return {
    grant: name,
    when,
    subjects,
    exact: subjects.every(isLiteral),
    // Where the name form is accepted too, which holds no id, the ids are not held by the subject.
    heldBySubject: [
      ...['repository', ...(form === 'id' ? IDS : [])].filter((claim) => when.has(claim)),
      ...held,
    ],
  }
}

const IDS = ['repository_id', 'repository_owner_id']

/**
 * `repo:o/r`, and `repo:o@1/r@2` where the ids are pinned: repositories created, renamed or transferred since
 * 2026-07-15 have the second form, others the first, and a transfer changes it.
 */
function prefixesOf(when: When, form: SubjectForm): readonly string[] {
  const [owner] = when.get('repository_owner_id') ?? []
  const [id] = when.get('repository_id') ?? []
  return (when.get('repository') ?? []).flatMap((repository) => {
    const [ownerName = '', name = ''] = repository.split('/')
    const byName = `repo:${repository}`
    if (owner === undefined || id === undefined || form === 'name') return [byName]
    const byId = `repo:${ownerName}@${owner}/${name}@${id}`
    return form === 'id' ? [byId] : [byName, byId]
  })
}

/** What GitHub writes behind the repository: the environment before anything else, `pull_request`, or the ref. */
function contextOf(when: When): { readonly contexts: readonly string[]; readonly held: readonly string[] } {
  const environments = when.get('environment')
  if (environments)
    return {
      contexts: environments.map((one) => `environment:${encoded(one)}`),
      // The subject of `eu:1` is that of `eu%3A1` as well, and a star takes both for a name without a colon.
      held: environments.every((one) => isLiteral(one) && !/:|%3A/.test(one)) ? ['environment'] : [],
    }
  const events = when.get('event_name') ?? []
  if (events.length > 0 && events.every((event) => event === 'pull_request'))
    return { contexts: ['pull_request'], held: ['event_name'] }
  const pullRequest = events.includes('pull_request') ? ['pull_request'] : []
  const refs = when.get('ref')
  if (refs) {
    const contexts = [...refs.map((ref) => `ref:${encoded(ref)}`), ...pullRequest]
    // The subject of a pull request does not tell its ref.
    return { contexts, held: pullRequest.length > 0 ? [] : ['ref'] }
  }
  // Anything but a pull request, which is granted by name only.
  return { contexts: ['ref:**', 'environment:**', ...pullRequest], held: [] }
}

/** A colon of a value would end it early: GitHub writes `%3A`. */
function encoded(value: string): string {
  return value.replaceAll(':', '%3A')
}
