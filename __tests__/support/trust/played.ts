import type { Target } from '../../../src/config/target.ts'
import type { Changed } from '../../../src/trust/parts.ts'
import type { Phase } from '../../../src/trust/rotate/plan.ts'

/** A platform on which the statements of a rotation are pasted. */
export interface Stage {
  readonly paste: (text: string) => Promise<void>
  /** Whether a run of the target gets in now. */
  readonly comesIn: (target: Target) => Promise<boolean>
}

/** Pastes the statements of a phase one by one, and asks after each whether every run that may happen then comes in. */
export async function play(
  { change }: Phase,
  runs: readonly Target[],
  { paste, comesIn }: Stage,
): Promise<readonly boolean[]> {
  const held: boolean[] = []
  const steps = [...change.documents, ...change.removals].flatMap(
    ({ language, before = [], steps: all }: Changed) =>
      language === 'sh' ? all.map((step) => [...before, step].join('\n')) : [],
  )
  for (const step of steps) {
    await paste(step)
    const each: boolean[] = []
    for (const run of runs) each.push(await comesIn(run))
    held.push(each.every(Boolean))
  }
  return held
}
