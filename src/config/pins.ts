import type { When } from '../policy.ts'
import type { YamlMap } from '../yaml.ts'
import { entry, type Conditions } from './grants.ts'
import type { Problems } from './problems.ts'

/** The ids that a policy pins for all of its grants, by the claim that carries them. */
export function pinsOf(node: YamlMap): When {
  const pins = (
    [
      ['repository_id', entry(node, 'repository-id')],
      ['repository_owner_id', entry(node, 'repository-owner-id')],
    ] as const
  ).flatMap(([claim, value]) => (value?.kind === 'scalar' ? [[claim, [value.text]] as const] : []))
  return new Map(pins)
}

/**
 * Conditions may repeat a pinned id and not replace it: a block for another repository, pasted in good faith, would
 * otherwise let a stranger of the same name in.
 */
export function checkPins(pins: When, { when, places }: Conditions, problems: Problems): void {
  for (const [claim, [pinned = '']] of pins) {
    const others = (when.get(claim) ?? []).filter((pattern) => pattern !== pinned)
    if (others.length === 0) continue
    problems.add(
      places.get(claim) ?? 'inputs',
      `\`${claim}\` contradicts the \`${claim.replaceAll('_', '-')}: ${pinned}\` at the top of the policy file, which holds for every grant: leave it out here, or change it there.`,
    )
  }
}
