import type { Claims } from '../claims.ts'
import { invisible, matches } from '../pattern.ts'
import type { Check } from '../policy.ts'
import { hintFor } from './hints.ts'
import { parseWorkflowRef } from './workflow-ref.ts'

/** `build.yml@**` must not admit a file called `build.yml@evil.yml`: path and ref are matched each by itself. */
function workflowMatches(pattern: string, value: string): boolean {
  const wanted = parseWorkflowRef(pattern)
  if (!wanted) return matches(pattern, value)
  const found = parseWorkflowRef(value)
  return found !== undefined && matches(wanted.path, found.path) && matches(wanted.ref, found.ref)
}

/** Compares one claim with the patterns of a grant. An absent or empty claim never matches, nor one that cannot be seen. */
export function compare(claim: string, expected: readonly string[], claims: Claims): Check {
  const actual = claims.all.get(claim)
  const accepts = claim.endsWith('workflow_ref') ? workflowMatches : matches
  const comparable = actual !== undefined && actual !== '' && invisible(actual) === undefined
  const ok = comparable && expected.some((pattern) => accepts(pattern, actual))
  const hint = ok ? undefined : hintFor(claim, expected, actual)
  return { claim, expected, actual, ok, ...(hint === undefined ? {} : { hint }) }
}
