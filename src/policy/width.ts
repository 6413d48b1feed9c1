import { isLiteral, matches } from '../pattern.ts'
import type { When } from '../policy.ts'
import { UNTRUSTED_EVENTS } from './events.ts'

/** Whether a pattern is nothing but stars. */
export const isEverything = (pattern: string): boolean => /^\*+$/.test(pattern)

/** Claims by which a branch that somebody makes up does not come in by itself: others decide about them, or they name whose code runs. */
const NARROWING = [
  'environment',
  'ref_protected',
  'actor',
  'actor_id',
  'sha',
  'workflow_ref',
  'workflow_sha',
  'job_workflow_ref',
  'job_workflow_sha',
]

/** Whether something beside it narrows: then a `ref` of any branch is no wider than none at all. */
function narrows(when: When): boolean {
  const named = (['ref', 'sub'] as const).some(
    (claim) => when.get(claim)?.some((pattern) => isAnyBranch(refIn(claim, pattern))) === false,
  )
  return named || NARROWING.some((claim) => when.get(claim)?.some(isEverything) === false)
}

/** The pattern of the ref that a condition holds. */
function refIn(claim: 'ref' | 'sub', pattern: string): string {
  return claim === 'ref' ? pattern : (/^repo:[^:]+:ref:(.+)$/.exec(pattern)?.[1] ?? '')
}

/** Whether a branch of whatever name fits, as long as no slash is in it. */
function isAnyBranch(ref: string): boolean {
  return ['a', 'b'].every((name) => matches(ref, `refs/heads/${name}`))
}

/** What `ref` or `sub` lets in of the branches, where it leaves their names open and nothing else narrows. */
function branchWarning(claim: 'ref' | 'sub', pattern: string, when: When): string | undefined {
  const ref = refIn(claim, pattern)
  if (!isAnyBranch(ref) || narrows(when)) return undefined
  const which = matches(ref, 'refs/heads/a/b') ? 'any branch' : 'any branch without a slash in its name'
  return `\`${claim}: "${pattern}"\` admits ${which}, also one that anybody with write access makes up; \`environment\` or \`ref_protected: "true"\` beside it would narrow that.`
}

function refWarning(pattern: string, when: When): string | undefined {
  if (matches(pattern, 'refs/heads/a/b') && matches(pattern, 'refs/tags/a/b'))
    return `\`ref: "${pattern}"\` admits every branch and tag, also one that anybody with write access makes up.`
  return branchWarning('ref', pattern, when)
}

function eventWarning(pattern: string): string | undefined {
  const spared = isLiteral(pattern) ? [] : [...UNTRUSTED_EVENTS].filter((event) => matches(pattern, event))
  return spared.length === 0
    ? undefined
    : `a pattern never names an event that needs its name: ${spared.join(', ')}.`
}

function claimWarning(claim: string, pattern: string, when: When): string | undefined {
  if (claim === 'ref') return refWarning(pattern, when)
  if (claim === 'sub') return branchWarning('sub', pattern, when)
  if (claim === 'event_name') return eventWarning(pattern)
  return claim === 'repository' && !isLiteral(pattern)
    ? `\`repository: "${pattern}"\` admits more than one repository.`
    : undefined
}

/** What a well-formed pattern lets in beyond what a name would, as a sentence. */
export function widthWarning(claim: string, pattern: string, when: When): string | undefined {
  const everything = isEverything(pattern) ? `\`${claim}: "${pattern}"\` admits any value.` : undefined
  return claimWarning(claim, pattern, when) ?? everything
}
