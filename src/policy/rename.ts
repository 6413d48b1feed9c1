import { invisible, isLiteral } from '../pattern.ts'
import type { Check } from '../policy.ts'
import { quoted } from './visible.ts'

function pinned(checks: readonly Check[], claim: string): boolean {
  return checks.some((check) => check.claim === claim && check.ok && check.expected.every(isLiteral))
}

function ownerOf(repository: string): string {
  return repository.slice(0, Math.max(0, repository.indexOf('/')))
}

/**
 * A repository that keeps its id under another name is the same one: the id is what the grant pins. Under another
 * owner it is the same only where the owner's id is pinned as well, since a transfer puts others in charge.
 */
export function forgiveRename(checks: readonly Check[]): readonly Check[] {
  const failed = checks.find((check) => check.claim === 'repository' && !check.ok)
  if (!failed || !pinned(checks, 'repository_id')) return checks
  const { actual, expected } = failed
  if (!actual || invisible(actual) || ownerOf(actual) === '') return checks
  const sameOwner = expected.some((name) => isLiteral(name) && ownerOf(name) === ownerOf(actual))
  if (!sameOwner && !pinned(checks, 'repository_owner_id')) {
    const hint = `the id is the same but the owner is another: pin \`repository_owner_id\` as well, or name ${quoted(actual)}`
    return checks.map((check) => (check === failed ? { ...check, hint } : check))
  }
  const hint = 'the repository was renamed; its id, which the grant pins, is the same'
  return checks.map((check) => (check === failed ? { ...check, ok: true, hint, rule: 'renamed' } : check))
}
