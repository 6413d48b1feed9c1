import { isLiteral } from '../pattern.ts'
import type { TrustRule } from './rules.ts'

/** Claims that the comparison of `sub` alone holds, where its patterns have a star for any characters. */
export function heldByStars({ when, heldBySubject, other }: TrustRule): readonly string[] {
  if (other) return other.firm
  // A star within the repository could run on over what follows it in the subject.
  const firm = (when.get('repository') ?? []).every(isLiteral)
  return heldBySubject.filter((claim) => {
    const patterns = when.get(claim) ?? []
    return firm
      ? patterns.every((one) => sameAsStar(claim, one))
      : claim === 'sub' && patterns.every(isLiteral)
  })
}

/**
 * Whether a star that stands for any characters, as IAM and Entra have it, means the same in a pattern of ours, whose `*` ends at `/` and `:`
 * and whose `**` ends at `:`. A ref has no colon, and a repository exactly one slash; of nothing else is that certain.
 */
export function sameAsStar(claim: string, pattern: string): boolean {
  if (isLiteral(pattern)) return true
  if (claim === 'ref') return /^[^*]*\*\*$/.test(pattern)
  return claim === 'repository' && /^[^/:]+\/[^/:]+$/.test(pattern)
}
