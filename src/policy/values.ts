import { mayOverlap } from '../pattern.ts'
import { quoted } from './visible.ts'

/** Claims with few values: anything else can never match. */
const VALUES: ReadonlyMap<string, readonly string[]> = new Map([
  ['ref_type', ['branch', 'tag']],
  ['ref_protected', ['true', 'false']],
  ['repository_visibility', ['public', 'private', 'internal']],
  ['runner_environment', ['github-hosted', 'self-hosted']],
])

/** Shapes that GitHub gives to names, with stars allowed; anything else can never match. */
const SHAPES: ReadonlyMap<string, readonly [RegExp, string]> = new Map([
  ['repository', [/^[A-Za-z0-9_*-]+(?:\/[A-Za-z0-9._*-]+)?$/, 'OWNER/NAME']],
  ['repository_owner', [/^[A-Za-z0-9_*-]+$/, 'the name of a user or organisation']],
  ['repository_id', [/^[0-9*]+$/, 'a number']],
  ['repository_owner_id', [/^[0-9*]+$/, 'a number']],
  ['actor_id', [/^[0-9*]+$/, 'a number']],
  ['enterprise_id', [/^[0-9*]+$/, 'a number']],
  ['event_name', [/^[a-z_*]+$/, 'the name of an event, such as push']],
])

/** Claims made of parts: a pattern that leaves out a part can never match. */
const PARTS: ReadonlyMap<string, readonly [string, string]> = new Map([
  ['repository', ['*/*', 'OWNER/NAME']],
  ['workflow_ref', ['*/**@**', 'OWNER/NAME/.github/workflows/FILE@REF']],
  ['job_workflow_ref', ['*/**@**', 'OWNER/NAME/.github/workflows/FILE@REF']],
])

const LONG: ReadonlySet<string> = new Set(['sub', 'workflow_ref', 'job_workflow_ref'])

function refProblem(pattern: string): string | undefined {
  if (mayOverlap(pattern, 'refs/**')) return undefined
  return pattern === '*'
    ? '`*` stops at `/`, so it matches no ref; "**" says any ref.'
    : `refs are written in full, so ${quoted(pattern)} matches none; did you mean "refs/heads/${pattern}"?`
}

function shapeProblem(claim: string, pattern: string): string | undefined {
  const [shape, words] = SHAPES.get(claim) ?? []
  if (shape?.test(pattern) === false) return `\`${claim}\` is ${words}, which ${quoted(pattern)} is not.`
  const [parts, whole] = PARTS.get(claim) ?? []
  if (parts === undefined || mayOverlap(pattern, parts)) return undefined
  return `\`${claim}\` is ${whole}, which ${quoted(pattern)} is not.`
}

/** What makes a well-formed pattern one that no value of this claim can ever match, as a sentence. */
export function checkValue(claim: string, pattern: string): string | undefined {
  const limit = LONG.has(claim) ? 1024 : 255
  if (Array.from(pattern).length > limit)
    return `\`${claim}\` has a pattern of more than ${limit} characters.`
  if (pattern.trim() !== pattern) {
    return `${quoted(pattern)} starts or ends with a space, which no \`${claim}\` does.`
  }
  if (claim === 'ref') return refProblem(pattern)
  const values = VALUES.get(claim)
  if (values && !values.some((value) => mayOverlap(pattern, value))) {
    return `\`${claim}\` is never ${quoted(pattern)}; it is one of ${values.join(', ')}.`
  }
  return shapeProblem(claim, pattern)
}
