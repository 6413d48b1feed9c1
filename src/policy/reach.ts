import { includes, mayOverlap } from '../pattern.ts'
import type { Grant, When } from '../policy.ts'
import { candidates } from './candidates.ts'
import { UNTRUSTED_EVENTS } from './events.ts'
import { parseSub } from './subject.ts'

/** A grant that no run can come by, and why. */
export interface Unreached {
  readonly grant: Grant
  /** `never`: no token fits. `taken`: whoever fits it has an earlier grant for the same target. `shadowed`: for another target. */
  readonly kind: 'never' | 'taken' | 'shadowed'
  /** The rest of a sentence that begins with the grant. */
  readonly why: string
}

/** Grants that nobody can reach: no token of GitHub fits them, or an earlier one takes each that does. */
export function unreached(grants: readonly Grant[]): readonly Unreached[] {
  const earlierThan = candidates(grants)
  return grants.flatMap((grant, at): readonly Unreached[] => {
    const never = contradiction(grant.when)
    if (never !== undefined) return [{ grant, kind: 'never', why: never }]
    const before = earlierThan(at).find((earlier) => takesAll(earlier.when, grant.when))
    if (!before) return []
    return [
      before.target === grant.target
        ? {
            grant,
            kind: 'taken',
            why: `fits no run that ${before.name} (${before.place}) does not fit already`,
          }
        : {
            grant,
            kind: 'shadowed',
            why: `fits no run that ${before.name} (${before.place}) does not fit already, which is for ${before.target}: only a step that asks for ${grant.target} gets it`,
          },
    ]
  })
}

/** Whether each run that fits `special` fits `general`, by the patterns alone. */
function takesAll(general: When, special: When): boolean {
  if (general.size === 0 || !eventsTaken(general, special)) return false
  return [...general].every(([claim, patterns]) => {
    const others = special.get(claim)
    if (others === undefined) return false
    return others.every((other) => patterns.some((pattern) => takesIn(claim, pattern, other)))
  })
}

function takesIn(claim: string, pattern: string, other: string): boolean {
  // Path and ref of a workflow are matched each by itself, and a second `@` shifts where the one ends.
  const plain = !claim.endsWith('workflow_ref') || other.split('@').length === 2
  return pattern === other || (plain && includes(pattern, other))
}

/** An event that needs its name is granted by the name only, whatever patterns there are beside it. */
function eventsTaken(general: When, special: When): boolean {
  const named = (special.get('event_name') ?? []).filter((event) => UNTRUSTED_EVENTS.has(event))
  const there = general.get('event_name') ?? []
  return named.every((event) => there.includes(event))
}

/** Why no token can fit these conditions together, as far as GitHub's claims hang together. */
function contradiction(when: When): string | undefined {
  return byPullRequest(when) ?? byRefType(when) ?? bySubject(when)
}

const quote = (values: readonly string[]): string => values.map((value) => `\`${value}\``).join(' or ')

function byPullRequest(when: When): string | undefined {
  const [events, refs] = [when.get('event_name') ?? [], when.get('ref') ?? []]
  const only = events.length > 0 && events.every((event) => event === 'pull_request')
  if (!only || refs.length === 0 || refs.some((ref) => mayOverlap(ref, 'refs/pull/*/merge'))) return undefined
  return `fits no run: the ref of a pull request is \`refs/pull/NUMBER/merge\`, and never ${quote(refs)} (the branch that it goes to is \`base_ref\`)`
}

function byRefType(when: When): string | undefined {
  const [types, refs] = [when.get('ref_type') ?? [], when.get('ref') ?? []]
  if (types.length === 0 || refs.length === 0) return undefined
  if (types.some((type) => refs.some((ref) => belongs(type, ref)))) return undefined
  return `fits no run: no ref like ${quote(refs)} is of the \`ref_type\` ${quote(types)}`
}

function belongs(type: string, ref: string): boolean {
  const kinds = [
    ['branch', 'refs/heads/**'],
    ['branch', 'refs/pull/**'],
    ['tag', 'refs/tags/**'],
  ] as const
  return kinds.some(([kind, refs]) => mayOverlap(type, kind) && mayOverlap(ref, refs))
}

function bySubject(when: When): string | undefined {
  const subjects = when.get('sub') ?? []
  if (subjects.length === 0 || subjects.some((subject) => mayBe(subject, when))) return undefined
  return `fits no run: \`sub\` ${quote(subjects)} belongs to another repository or environment than the grant names`
}

function mayBe(subject: string, when: When): boolean {
  const parsed = parseSub(subject)
  // A customised subject says what it says.
  if (!parsed) return true
  const [repositories, environments] = [when.get('repository'), when.get('environment')]
  const name = `${parsed.owner}/${parsed.repo}`
  if (repositories && !repositories.some((pattern) => mayOverlap(pattern, name))) return false
  // GitHub writes the environment in place of anything else.
  return !environments || environments.some((one) => mayOverlap(parsed.context, `environment:${one}`))
}
