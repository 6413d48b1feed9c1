import type { Code, Failure } from '../errors.ts'
import { plain } from '../report/plain.ts'
import { failed, type Artifacts } from './result.ts'

/** A line of `run` that dbt ended with an exit code of its own. */
export interface FailedLine {
  readonly command: string
  readonly exitCode: number
  /** The end of dbt's output. */
  readonly tail: string
  readonly artifacts: Artifacts | null
  /** What the warehouse, or dbt 2.x itself, knows of such an output; `exchange` unless it says otherwise. */
  readonly explained: (Pick<Failure, 'problem' | 'remedy' | 'details'> & { readonly code?: Code }) | undefined
}

const LAST_WORDS = 8

/** Why a line failed, as far as dbt's output tells: the credential, the nodes that failed, or dbt's last words. */
export function failureOfLine({ command, exitCode, tail, artifacts, explained }: FailedLine): Failure {
  const ended = `\`${command}\` ended with exit code ${exitCode}`
  if (explained) return { code: 'exchange', ...explained, problem: `${ended}: ${explained.problem}` }
  const count = artifacts?.nodes.filter(failed).length ?? 0
  if (count > 0)
    return {
      code: 'dbt',
      problem: `${ended}: ${count} ${count === 1 ? 'node' : 'nodes'} failed.`,
      remedy: 'Each is an annotation on its file; the job summary lists them all.',
    }
  return {
    code: 'dbt',
    problem: `${ended} before it had run a node. Its last words:`,
    details: lastWords(tail),
    remedy:
      exitCode === 2
        ? 'Mend what dbt names: a configuration, a missing variable, or a connection that could not be opened.'
        : 'Mend what dbt names and run the job again.',
  }
}

function lastWords(tail: string): readonly string[] {
  const lines = plain(tail)
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line.trim() !== '')
  return lines.slice(-LAST_WORDS)
}
