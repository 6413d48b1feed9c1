import type { Grant } from '../policy.ts'
import { untoldBecause, type Answer } from './answer.ts'
import type { Line } from './line.ts'

/** A repository by its numbers. */
export interface RepositoryIds {
  readonly id: string
  readonly ownerId: string
  readonly isOrganisations: boolean
}

/** Whether the ids that the grants pin are those of the repository. */
export function idsLine(repository: string, grants: readonly Grant[], answer: Answer<RepositoryIds>): Line {
  const text = `repository ${repository}`
  if ('untold' in answer)
    return {
      word: 'github',
      mark: 'open',
      text: `${text}: ${untoldBecause(answer.untold, 'the permission "Metadata: read" of the repository')}`,
    }
  const { id, ownerId } = answer.told
  const pinned = (claim: string): readonly string[] => grants.flatMap(({ when }) => when.get(claim) ?? [])
  const [ids, owners] = [pinned('repository_id'), pinned('repository_owner_id')]
  const numbers = `has the id ${id}, its owner ${ownerId}`
  if (ids.length === 0 && owners.length === 0)
    return {
      word: 'github',
      mark: 'odd',
      text: `${text} ${numbers}, and the policy pins neither`,
      remedy: `Write \`repository-id: ${id}\` and \`repository-owner-id: ${ownerId}\` at the top of the policy, so that nobody who comes to have the name is taken for it.`,
    }
  const wrong = [...ids.filter((one) => one !== id), ...owners.filter((one) => one !== ownerId)]
  if (wrong.length === 0)
    return { word: 'github', mark: 'ok', text: `${text} ${numbers}, as the policy pins them` }
  return {
    word: 'github',
    mark: 'wrong',
    text: `${text} ${numbers}; the policy pins ${[...new Set(wrong)].join(', ')}`,
    remedy: `Correct the ids in the policy (\`repository-id: ${id}\`, \`repository-owner-id: ${ownerId}\`), run \`trust\` again and paste it.`,
  }
}
