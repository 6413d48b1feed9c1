import { spawn } from 'node:child_process'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { dbtPython } from './python.ts'

/** A value with Python's types kept apart, as the loader prints it. */
export type Typed =
  | { readonly map: readonly (readonly [Typed, Typed])[] }
  | { readonly list: readonly Typed[] }
  | { readonly text: string }
  | { readonly null: true }
  | { readonly bool: boolean }
  | { readonly number: string }
  | { readonly time: string }

/** What the loader answers; `error` alone when Python raised. */
export interface Answer {
  readonly error?: string
  readonly profiles?: readonly string[]
  readonly targets?: readonly string[]
  readonly target?: string
  readonly output?: Typed
  readonly credentials?: Typed
  readonly threads?: number
  readonly value?: Typed
  readonly scalars?: readonly { readonly tag: string; readonly value?: Typed; readonly error?: string }[]
}

/** One Python process that reads profiles as dbt does. */
export interface DbtLoader {
  ask(request: Readonly<Record<string, unknown>>): Promise<Answer>
  end(): Promise<void>
}

/** Starts dbt's own profile loader. */
export function startDbtLoader(): DbtLoader {
  const script = join(dirname(fileURLToPath(import.meta.url)), 'dbt_profile_loader.py')
  const child = spawn(dbtPython(), [script], { stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const waiting: ((answer: Answer) => void)[] = []
  createInterface({ input: child.stdout }).on('line', (line) => waiting.shift()?.(parse(line)))
  void ended.then(() => waiting.splice(0).forEach((tell) => tell({ error: 'the loader ended' })))
  return {
    ask: (request) =>
      new Promise((resolve) => {
        waiting.push(resolve)
        child.stdin.write(`${JSON.stringify(request)}\n`)
      }),
    end: () => {
      child.stdin.end()
      return ended
    },
  }
}

function parse(line: string): Answer {
  const answer: unknown = JSON.parse(line)
  return isAnswer(answer) ? answer : { error: 'the loader printed something else' }
}

function isAnswer(value: unknown): value is Answer {
  return typeof value === 'object' && value !== null
}
