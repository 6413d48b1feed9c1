import { isLiteral } from '../pattern.ts'
import type { Grant, When } from '../policy.ts'

/** Of one claim: grants by each literal value, and those that any value may fit, be it for a star or for want of the claim. */
interface Index {
  readonly byValue: ReadonlyMap<string, readonly number[]>
  readonly open: readonly number[]
}

/**
 * For each grant the earlier ones that a run which fits it may fit as well, as far as literal values tell, in their order.
 * A policy of thousands of grants is looked at in the time of thousands, and not of their pairs.
 */
export function candidates(grants: readonly Grant[]): (at: number) => readonly Grant[] {
  const claims = new Set(grants.flatMap(({ when }) => [...when.keys()]))
  const indexes = new Map([...claims].map((claim) => [claim, indexOf(claim, grants)] as const))
  return (at) => {
    const when = grants[at]?.when ?? new Map<string, readonly string[]>()
    const lists = [...when].flatMap(([claim, patterns]) => {
      const index = indexes.get(claim)
      return index && patterns.every(isLiteral) ? [before(at, index, patterns)] : []
    })
    const [fewest] = lists.toSorted((one, other) => one.length - other.length)
    return fewest ? fewest.flatMap((place) => grants[place] ?? []) : grants.slice(0, at)
  }
}

function before(at: number, { byValue, open }: Index, values: readonly string[]): readonly number[] {
  const places = new Set([...values.flatMap((value) => byValue.get(value) ?? []), ...open])
  return [...places].filter((place) => place < at).toSorted((one, other) => one - other)
}

function indexOf(claim: string, grants: readonly Grant[]): Index {
  const byValue = new Map<string, number[]>()
  const open: number[] = []
  for (const [at, { when }] of grants.entries()) {
    const patterns = literalsOf(claim, when)
    if (!patterns) open.push(at)
    for (const value of patterns ?? []) {
      const places = byValue.get(value)
      if (places) places.push(at)
      else byValue.set(value, [at])
    }
  }
  return { byValue, open }
}

function literalsOf(claim: string, when: When): readonly string[] | undefined {
  const patterns = when.get(claim)
  return patterns?.every(isLiteral) ? patterns : undefined
}
