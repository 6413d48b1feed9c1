import { isLiteral } from '../pattern.ts'
import { UNTRUSTED_EVENTS } from '../policy/events.ts'
import type { When } from '../policy.ts'

/**
 * Claims that a `sub` of one's own holds: with GitHub's customization it is made of claims and their values,
 * `repo:o/r:environment:prod:event_name:push`. GitHub writes the colon of a value as `%3A`, which a value may hold itself: of
 * such a subject nobody can tell whose it is.
 */
export function heldInSubjects(subjects: readonly string[], when: When): readonly string[] {
  if (subjects.length === 0 || !subjects.every(isLiteral)) return []
  const told = subjects.map(claimsIn)
  const holds = (claim: string, fits: (value: string) => boolean): boolean =>
    told.every((claims) => {
      const value = claims.get(claim)
      return value !== undefined && fits(value)
    })
  const named = [...when.keys()].filter(
    (claim) => claim !== 'sub' && holds(claim, (value) => when.get(claim)?.includes(value) === true),
  )
  // Events that run what others have written need a name; another one is as good as any.
  const events =
    !when.has('event_name') &&
    holds('event_name', (event) => /^[a-z_]+$/.test(event) && !UNTRUSTED_EVENTS.has(event))
  return events ? [...named, 'event_name'] : named
}

function claimsIn(subject: string): ReadonlyMap<string, string> {
  const parts = subject.split(':')
  const claims = new Map<string, string>()
  for (let at = 0; at + 1 < parts.length; at += 2) {
    const [name = '', value = ''] = parts.slice(at, at + 2)
    // What is not in pairs, as the word pull_request, says nothing of what follows.
    if (!/^[a-z_]+$/.test(name) || name === 'pull_request') break
    if (!claims.has(name) && !value.includes('%3A')) claims.set(name, value)
  }
  for (const [name, value] of idsIn(claims.get('repo') ?? '')) claims.set(name, value)
  return claims
}

/** `o/r`, or with the ids `o@1/r@2`. */
function idsIn(repo: string): readonly (readonly [string, string])[] {
  const [, owner, ownerId, name, id] = /^([^/@]+)(?:@(\d+))?\/([^/@]+)(?:@(\d+))?$/.exec(repo) ?? []
  if (owner === undefined || name === undefined) return []
  return [
    ['repository', `${owner}/${name}`],
    ...(ownerId === undefined ? [] : [['repository_owner_id', ownerId] as const]),
    ...(id === undefined ? [] : [['repository_id', id] as const]),
  ]
}
