import { checkClaimName } from '../claim-names.ts'
import { checkPattern, isLiteral, mayOverlap } from '../pattern.ts'
import type { Grant, When } from '../policy.ts'
import { candidates } from './candidates.ts'
import { oddEvent } from './event-names.ts'
import { UNTRUSTED_EVENTS } from './events.ts'
import { checkValue } from './values.ts'
import { quoted } from './visible.ts'
import { isEverything, widthWarning } from './width.ts'

/** Something to say about a grant before any token is seen. */
export interface Finding {
  readonly severity: 'problem' | 'warning'
  /** Absent in a warning: the pattern is wide. */
  readonly about?: 'name'
  /** Undefined: about the grant as a whole. */
  readonly claim: string | undefined
  readonly text: string
}

/** Claims that are the same in every run of a repository: to name only these restricts nothing. */
const SAME_IN_EVERY_RUN: ReadonlySet<string> = new Set([
  'repository',
  'repository_id',
  'repository_owner',
  'repository_owner_id',
  'repository_visibility',
  'enterprise',
  'enterprise_id',
  'issuer_scope',
])

/** Whether a grant names more than the repository, as the restriction rule demands. */
export function restriction(when: When): boolean {
  return [...when.keys()].some(
    (claim) => !SAME_IN_EVERY_RUN.has(claim) && !claim.startsWith('repo_property_'),
  )
}

function subProblem(pattern: string): string | undefined {
  if (isEverything(pattern)) return `\`sub: ${pattern}\` says nothing; name the subject.`
  const [scheme, slug, ...context] = pattern.split(':')
  if (isLiteral(pattern) || scheme !== 'repo') return undefined
  if (slug?.includes('*')) {
    return `${quoted(pattern)} leaves open which repository it is for; name the repository in \`sub\`.`
  }
  if (context.every(isEverything)) {
    return `${quoted(pattern)} would hold for every run of the repository, pull requests included; name what comes behind it, e.g. "repo:o/r:ref:refs/heads/main".`
  }
  return undefined
}

function repositoryProblem(pattern: string, when: When): string | undefined {
  const [owner, ...name] = pattern.split('/')
  if (isLiteral(pattern) || (owner && isLiteral(owner) && name.length > 0)) return undefined
  const pins = ['repository_id', 'repository_owner', 'repository_owner_id']
  if (pins.some((claim) => when.get(claim)?.every(isLiteral) === true)) return undefined
  return `${quoted(pattern)} leaves open whose repository it is; name the owner.`
}

function patternFindings(claim: string, pattern: string, when: When): readonly Finding[] {
  const problem =
    checkPattern(pattern) ??
    checkValue(claim, pattern) ??
    (claim === 'sub' ? subProblem(pattern) : undefined) ??
    (claim === 'repository' ? repositoryProblem(pattern, when) : undefined)
  if (problem !== undefined) return [{ severity: 'problem', claim, text: problem }]
  const odd = claim === 'event_name' && isLiteral(pattern) ? oddEvent(pattern) : undefined
  if (odd !== undefined) return [{ severity: 'warning', about: 'name', claim, text: odd }]
  const warning = widthWarning(claim, pattern, when)
  return warning === undefined ? [] : [{ severity: 'warning', claim, text: warning }]
}

const whole = (text: string): Finding => ({ severity: 'problem', claim: undefined, text })

/** Everything that is wrong with, or odd about, the conditions of a grant. Pass them complete, with what is implied. */
export function checkWhen(when: When): readonly Finding[] {
  if (when.size === 0) return [whole('The grant names no claim, so it would grant nothing.')]
  const findings: Finding[] = []
  for (const [claim, patterns] of when) {
    const name = checkClaimName(claim)
    if (name !== undefined) findings.push({ severity: 'problem', claim, text: name })
    if (patterns.length === 0) {
      findings.push({
        severity: 'problem',
        claim,
        text: `\`${claim}\` has an empty list, which nothing matches.`,
      })
    }
    findings.push(...patterns.flatMap((pattern) => patternFindings(claim, pattern, when)))
  }
  if ([...when.values()].every((patterns) => patterns.some(isEverything))) {
    findings.push(whole('Every condition of the grant admits any value; name at least one.'))
  }
  return findings
}

/** Splits the events of a grant: those that need their name and have it, and patterns for all others. */
function eventsOf(when: When): { readonly named: readonly string[]; readonly other: readonly string[] } {
  const patterns = when.get('event_name') ?? ['**']
  return {
    named: patterns.filter((pattern) => UNTRUSTED_EVENTS.has(pattern)),
    other: patterns.filter((pattern) => !UNTRUSTED_EVENTS.has(pattern)),
  }
}

function eventsMeet(one: When, other: When): boolean {
  const [a, b] = [eventsOf(one), eventsOf(other)]
  return (
    a.named.some((event) => b.named.includes(event)) ||
    a.other.some((left) => b.other.some((right) => mayOverlap(left, right)))
  )
}

/** Whether one run could satisfy both conditions, as far as the patterns alone tell. */
export function mayBothHold(one: When, other: When): boolean {
  if (one.size === 0 || other.size === 0 || !eventsMeet(one, other)) return false
  return [...one].every(([claim, patterns]) => {
    const rivals = other.get(claim)
    if (rivals === undefined) return true
    return patterns.some((left) => rivals.some((right) => mayOverlap(left, right)))
  })
}

/** Earlier grants that a warning names; further ones are counted. */
const NAMED = 3

/** A warning for each pair of grants for different targets that one run could both satisfy: order then decides. */
export function overlaps(grants: readonly Grant[]): readonly string[] {
  const earlierThan = candidates(grants)
  return grants.flatMap((later, at) => {
    const rivals = earlierThan(at).filter(
      (earlier) => earlier.target !== later.target && mayBothHold(earlier.when, later.when),
    )
    const more = rivals.length - NAMED
    return rivals.slice(0, NAMED).map((earlier, place) => {
      const others = more > 0 && place === NAMED - 1 ? ` So can ${more} more before ${later.name}.` : ''
      return `${earlier.name} (${earlier.target}) and ${later.name} (${later.target}) can both hold for one run; without \`target\` the first one wins.${others}`
    })
  })
}
