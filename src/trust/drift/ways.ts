import type { Condition, Way } from '../statement.ts'
import { covers, coversWay } from './covers.ts'

/** What a difference means for whoever is let in. `missing` and `additional` are of a whole way, or of a setting. */
export type Verdict = 'wider' | 'narrower' | 'different' | 'missing' | 'additional'

/** One field in which two ways are not the same. */
export interface FieldDifference {
  /** As the platform names the way; of a way that is missing there, the policy's. */
  readonly way: string
  /** `issuer`, `audience`, `principal`, a claim, or `way` for all of it. */
  readonly field: string
  readonly policy: readonly string[]
  readonly there: readonly string[]
  readonly verdict: Verdict
}

/** Compares alternatives: which of them are the same is found by what they say, and not by their names. */
export function compareWays(wanted: readonly Way[], found: readonly Way[]): readonly FieldDifference[] {
  if (sameSet(wanted.flatMap(bySubject), found.flatMap(bySubject))) return []
  const [left, right] = [[...wanted], [...found]]
  const differences: FieldDifference[] = []
  for (const pair of pairsByLikeness(left, right)) {
    if (!left.includes(pair.wanted) || !right.includes(pair.found)) continue
    left.splice(left.indexOf(pair.wanted), 1)
    right.splice(right.indexOf(pair.found), 1)
    differences.push(...pair.differences)
  }
  return [
    ...differences,
    ...left.map((way) => whole(way, 'missing')),
    // Whom another way lets in already, it does not let in anew.
    ...right.map((way) => whole(way, wanted.some((one) => coversWay(one, way)) ? 'narrower' : 'additional')),
  ]
}

interface Pair {
  readonly wanted: Way
  readonly found: Way
  readonly differences: readonly FieldDifference[]
}

/** Those that differ least come first; two that have nothing in common are no pair. */
function pairsByLikeness(wanted: readonly Way[], found: readonly Way[]): readonly Pair[] {
  return wanted
    .flatMap((one) =>
      found.map((other): Pair => ({ wanted: one, found: other, differences: compareFields(one, other) })),
    )
    .filter((pair) => pair.differences.length < fieldsOf(pair.wanted, pair.found).length)
    .toSorted((a, b) => a.differences.length - b.differences.length)
}

function fieldsOf(one: Way, other: Way): readonly string[] {
  return ['issuer', 'audience', ...claimsOf(one, other)]
}

function claimsOf(one: Way, other: Way): readonly string[] {
  return [...new Set([...one.conditions, ...other.conditions].map(({ claim }) => claim))]
}

function compareFields(wanted: Way, found: Way): readonly FieldDifference[] {
  const way = found.name
  const of = (field: string, policy: readonly string[], there: readonly string[], verdict: Verdict) =>
    sameTexts(policy, there) ? [] : [{ way, field, policy, there, verdict }]
  return [
    ...of('principal', listed(wanted.principal), listed(found.principal), 'different'),
    ...of(
      'issuer',
      listed(wanted.issuer),
      listed(found.issuer),
      found.issuer === undefined ? 'wider' : 'different',
    ),
    ...of('audience', wanted.audiences, found.audiences, audienceVerdict(wanted.audiences, found.audiences)),
    ...claimsOf(wanted, found).flatMap((claim) => {
      const [policy, there] = [conditionsOn(claim, wanted), conditionsOn(claim, found)]
      return of(claim, policy.flatMap(told), there.flatMap(told), conditionVerdict(policy, there))
    }),
  ]
}

function audienceVerdict(policy: readonly string[], there: readonly string[]): Verdict {
  if (there.length === 0 || policy.every((one) => there.includes(one))) return 'wider'
  return there.every((one) => policy.includes(one)) ? 'narrower' : 'different'
}

/** All conditions on a claim must hold, so that more of them let in less. */
function conditionVerdict(policy: readonly Condition[], there: readonly Condition[]): Verdict {
  if (hold(there, policy)) return 'wider'
  return hold(policy, there) ? 'narrower' : 'different'
}

function hold(wide: readonly Condition[], narrow: readonly Condition[]): boolean {
  return wide.every((one) => narrow.some((other) => covers(one, other)))
}

function conditionsOn(claim: string, { conditions }: Way): readonly Condition[] {
  return conditions.filter((one) => one.claim === claim)
}

/** The values of a condition with whatever is not a plain comparison. */
export function told({ by, values, alsoAbsent }: Condition): readonly string[] {
  const start = by === 'pattern' ? 'like ' : by === 'except' ? 'any but ' : ''
  const end = alsoAbsent === undefined ? '' : ` (${alsoAbsent}: also where it is absent)`
  return values.map((value) => `${start}${value}${end}`)
}

function whole(way: Way, verdict: 'missing' | 'additional' | 'narrower'): FieldDifference {
  const text = summary(way)
  return verdict === 'missing'
    ? { way: way.name, field: 'way', policy: text, there: [], verdict }
    : { way: way.name, field: 'way', policy: [], there: text, verdict }
}

function summary(way: Way): readonly string[] {
  return [
    ...listed(way.principal).map((one) => `principal ${one}`),
    ...listed(way.issuer).map((one) => `issuer ${one}`),
    ...(way.audiences.length === 0 ? [] : [`audience ${way.audiences.join(', ')}`]),
    ...way.conditions.map((one) => `${one.claim} ${told(one).join(', ')}`),
  ]
}

function listed(value: string | undefined): readonly string[] {
  return value === undefined ? [] : [value]
}

/** One way for each subject: platforms may list several in one place, and so may people. */
function bySubject(way: Way): readonly Way[] {
  const subject = way.conditions.find(({ claim }) => claim === 'sub')
  if (!subject || subject.by === 'except') return [way]
  return subject.values.map((value) => ({
    ...way,
    conditions: way.conditions.map((one) => (one === subject ? { ...one, values: [value] } : one)),
  }))
}

function sameSet(one: readonly Way[], other: readonly Way[]): boolean {
  return sameTexts(one.map(keyOf), other.map(keyOf))
}

function keyOf({ issuer, audiences, conditions, principal }: Way): string {
  const told = conditions.map(({ claim, by, values, alsoAbsent }) =>
    JSON.stringify([claim, by, [...values].toSorted(), alsoAbsent]),
  )
  return JSON.stringify([principal, issuer, [...audiences].toSorted(), told.toSorted()])
}

function sameTexts(one: readonly string[], other: readonly string[]): boolean {
  const [left, right] = [new Set(one), new Set(other)]
  return left.size === right.size && [...left].every((text) => right.has(text))
}
