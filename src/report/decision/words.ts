import { nearest } from '../../nearest.ts'
import type { Decision, Grant, Verdict } from '../../policy.ts'
import { quoted, visible } from '../../policy/visible.ts'
import { formOf } from './block.ts'

/** The verdicts that could decide: those for the target asked for, or all. After a grant, the one that decided. */
export function counted(decision: Decision): readonly Verdict[] {
  if (decision.grant) return decision.verdicts.filter((verdict) => verdict.grant === decision.grant)
  if (decision.asked === undefined) return decision.verdicts
  return decision.verdicts.filter((verdict) => verdict.grant.target === decision.asked)
}

/** What one grant came to, in one line. */
export function outcome(verdict: Verdict, decision: Decision): string {
  const { grant } = verdict
  const failed = verdict.checks.filter((check) => !check.ok).length
  const checks = verdict.checks.length === 1 ? 'check' : 'checks'
  const result = verdict.ok
    ? decision.grant === grant
      ? 'granted'
      : 'holds'
    : `${failed} of ${verdict.checks.length} ${checks} failed`
  const place = grant.place === 'inputs' ? '' : ` (${visible(grant.place)})`
  return `${named(grant)} for target ${quoted(grant.target)}${place}: ${result}`
}

/** Inputs make one grant without a name, which `inputs` stands for in outputs and audit alone. */
function named({ name, place }: Grant): string {
  return place === 'inputs' ? 'the inputs of the step' : quoted(name)
}

/** The decision in one sentence. */
export function headline(decision: Decision): string {
  if (decision.grant) {
    return `Target ${quoted(decision.grant.target)} is granted by ${named(decision.grant)}.`
  }
  if (decision.verdicts.length === 0) return 'The policy has no grants, so it grants nothing.'
  const { asked } = decision
  if (asked === undefined) return 'No grant of the policy holds for this run.'
  if (counted(decision).length > 0) return `No grant for target ${quoted(asked)} holds for this run.`
  const meant = nearest(asked, new Set(decision.verdicts.map((verdict) => verdict.grant.target)))
  return `No grant is for target ${quoted(asked)}${meant === undefined ? '.' : `; did you mean ${quoted(meant)}?`}`
}

/** What to do after a denial, no more certain than the evidence; `without` names what else would do, `price` what goes with the block. */
export function remedy(decision: Decision, without: string, price: string): string {
  const block = formOf(decision) === 'inputs' ? 'these inputs' : 'a grant with this block'
  const other = decision.verdicts.find((verdict) => verdict.ok)
  if (other) {
    return `This run would be granted target ${quoted(other.grant.target)} by ${quoted(other.grant.name)}. If it should be granted what it asked for${without}, ${block} would do it${price}:`
  }
  const refused = decision.verdicts.some((verdict) =>
    verdict.checks.some((check) => check.rule === 'pull-request'),
  )
  if (refused)
    return 'A pull request from a fork is granted nothing, whatever the grants say. The claims of this run are:'
  return `If this run should be granted${without}, ${block} would do it${price}:`
}
