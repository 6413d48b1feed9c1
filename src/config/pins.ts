import type { When } from '../policy.ts'
import type { YamlMap } from '../yaml.ts'
import { ID } from './policy-file.ts'
import { entry, type Conditions } from './grants.ts'
import type { Problems } from './problems.ts'

/** The ids that a policy pins for all of its grants, by the claim that carries them; what is no id is told where it stands. */
export function pinsOf(node: YamlMap): When {
  const pins = (
    [
      ['repository_id', entry(node, 'repository-id')],
      ['repository_owner_id', entry(node, 'repository-owner-id')],
    ] as const
  ).flatMap(([claim, value]) =>
    value?.kind === 'scalar' && ID.test(value.text) ? [[claim, [value.text]] as const] : [],
  )
  return new Map(pins)
}

/**
 * Conditions may repeat a pinned id and not replace it: a block for another repository, pasted in good faith, would
 * otherwise let a stranger of the same name in. Returns them with the claims marked of which it has said so.
 */
export function checkPins(pins: When, conditions: Conditions, problems: Problems): Conditions {
  const { when, places, broken } = conditions
  const others = [...pins].filter(([claim, [pinned]]) => when.get(claim)?.some((one) => one !== pinned))
  for (const [claim, [pinned = '']] of others) {
    problems.add(
      places.get(claim) ?? 'inputs',
      `\`${claim}\` contradicts the \`${claim.replaceAll('_', '-')}: ${pinned}\` at the top of the policy file, which holds for every grant: leave it out here, or change it there.`,
    )
  }
  return { ...conditions, broken: new Set([...(broken ?? []), ...others.map(([claim]) => claim)]) }
}
