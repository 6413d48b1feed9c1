import { openJob } from './job.ts'
import type { StepOptions } from './step.ts'

/** What a step comes to whose configuration is refused before anything happens. */
export const REFUSED: Verdict = {
  exit: 1,
  stderr: '',
  outputs: { granted: 'false', result: 'failure' },
  commands: ['error'],
  requests: 0,
  dbt: 0,
  left: [],
  state: 0,
  summary: true,
  untold: [],
}

/** What came of one step. */
export interface Verdict {
  readonly exit: number | null
  readonly stderr: string
  readonly outputs: Readonly<Record<string, string>>
  readonly commands: readonly string[]
  readonly requests: number
  readonly dbt: number
  readonly left: readonly string[]
  /** How much the post step was told. */
  readonly state: number
  /** Whether the summary says so, too. */
  readonly summary: boolean
  /** Sentences that the log or the annotation lacks. */
  readonly untold: readonly string[]
}

const ALWAYS = ['✗ configuration', 'Mend what is listed; no token was asked for yet.']

/** Runs one step, and looks for each sentence in its log and in its annotation. */
export async function verdictOn(
  options: StepOptions,
  sentences: readonly string[],
): Promise<Verdict & { readonly annotation: string }> {
  await using job = await openJob()
  await using step = await job.step(options)
  const { text } = step.log
  // Masks come first, whatever follows.
  const commands = step.log.commands.filter(({ name }) => name !== 'add-mask')
  const annotation = commands[0]?.data ?? ''
  const told = (sentence: string): boolean => text.includes(sentence) && annotation.includes(sentence)
  return {
    exit: step.exitCode,
    stderr: step.stderr,
    outputs: Object.fromEntries(step.outputs),
    commands: commands.map(({ name }) => name),
    requests: job.issuer.requests.length,
    dbt: job.dbt.runs().length,
    left: step.leftBehind().map(({ path }) => path),
    state: step.state.size,
    summary: step.summary.startsWith('## ❌ This run failed: <code>configuration</code>'),
    untold: [
      ...ALWAYS.filter((sentence) => !text.includes(sentence)),
      ...sentences.filter((sentence) => !told(sentence)),
    ],
    annotation,
  }
}
