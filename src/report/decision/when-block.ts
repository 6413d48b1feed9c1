import type { Claims } from '../../claims.ts'
import { checkPattern } from '../../pattern.ts'

/** What a grant for this run would name: the repository by name and ids, then where and why it ran. */
const NAMED = [
  'repository',
  'repository_id',
  'repository_owner_id',
  'event_name',
  'ref',
  'environment',
] as const

/** Words that some YAML reader takes for something else than text. */
const SPECIAL = /^(?:true|false|null|yes|no|on|off|y|n)$/i

/** A value that every YAML reader reads as this very text, and no log as anything else. */
function scalar(value: string): string {
  if (/^[A-Za-z][A-Za-z0-9._/-]*$/.test(value) && !SPECIAL.test(value)) return value
  // JSON's strings are YAML's as well. `##[` would be a command to the runner.
  return JSON.stringify(value)
    .replaceAll(/[^ -~]/g, (unit) => `\\u${hex(unit)}`)
    .replaceAll('##[', `\\u${hex('#')}#[`)
}

function hex(unit: string): string {
  return unit.charCodeAt(0).toString(16).padStart(4, '0')
}

/** The `when:` block that would grant this run and hardly any other, to be pasted into a grant. */
export function whenBlock(claims: Claims): string {
  const event = claims.all.get('event_name') ?? ''
  // The ref of a pull request holds its number: a grant for it would end with this one pull request.
  const pullRequest =
    claims.all.get('ref')?.startsWith('refs/pull/') === true && event.startsWith('pull_request')
  const names = NAMED.map((name) => (name === 'ref' && pullRequest ? 'base_ref' : name))
  const lines = names.flatMap((name) => {
    const value = claims.all.get(name)
    if (!value) return []
    if (checkPattern(value) !== undefined)
      return [`  # ${name}: the value of this run cannot be written as a pattern`]
    return [`  ${name}: ${scalar(value)}`]
  })
  return ['when:', ...lines].join('\n')
}
