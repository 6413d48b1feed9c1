import { isLiteral, matches } from '../pattern.ts'
import type { Grant } from '../policy.ts'
import type { Ref } from './ground.ts'

/**
 * Branches and tags that grants ask for and that are not among those found, one for each pattern: whoever may push makes
 * them, and a matrix without them would say that such a grant reaches nothing.
 */
export function samplesOf(grants: readonly Grant[], found: readonly Ref[]): readonly Ref[] {
  const patterns = grants
    .flatMap(({ when }) => when.get('ref') ?? [])
    .filter((pattern) => /^refs\/(?:heads|tags)\/./.test(pattern))
  return [...new Set(patterns)].flatMap((pattern) => {
    if (found.some(({ ref }) => matches(pattern, ref))) return []
    const ref = pattern.replaceAll(/\*+/g, 'x')
    const label = pattern.replace(/^refs\/heads\//, '').replace(/^refs\/tags\//, 'tag ')
    return [{ ref, isProtected: undefined, ...(isLiteral(pattern) ? {} : { label }) }]
  })
}
