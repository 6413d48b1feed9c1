import type { Claims } from '../claims.ts'
import { decide, type Decision, type Facts, type Grant, type Verdict } from '../policy.ts'
import { quoted } from '../policy/visible.ts'

/** Whose pull request it is supposed to be. */
export function factsOf(claims: Claims, fork: boolean): Facts {
  const base = claims.all.get('repository') ?? ''
  return { pullRequest: fork ? { kind: 'fork', head: 'another repository', base } : { kind: 'same' } }
}

/** What the step would decide, with what a supposed run leaves open. */
export interface Checked {
  readonly decision: Decision
  /** Claims that some grant asks for and that nobody has told. */
  readonly untold: readonly string[]
  /** The grant that lacks least, in one sentence; undefined after a grant. */
  readonly nearest: string | undefined
}

/** Decides as the step does. */
export function check(
  grants: readonly Grant[],
  claims: Claims,
  asked: string | undefined,
  fork: boolean,
): Checked {
  const decision = decide(grants, claims, asked, factsOf(claims, fork))
  const checks = decision.verdicts.flatMap((verdict) => verdict.checks)
  const untold = checks.filter(({ actual, rule }) => actual === undefined && rule === undefined)
  return {
    decision,
    untold: [...new Set(untold.map(({ claim }) => claim))],
    nearest: decision.granted ? undefined : nearestOf(decision),
  }
}

function nearestOf({ verdicts, asked }: Decision): string | undefined {
  const candidates = verdicts.filter(({ grant }) => asked === undefined || grant.target === asked)
  const [least] = candidates.toSorted((one, other) => failed(one).length - failed(other).length)
  if (!least) return undefined
  const { name, target } = least.grant
  return `Nearest is ${quoted(name)} for target ${quoted(target)}: ${[...new Set(failed(least))].join(', ')} does not hold.`
}

function failed({ checks }: Verdict): readonly string[] {
  return checks.filter(({ ok }) => !ok).map(({ claim }) => claim)
}
