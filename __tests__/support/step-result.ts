import { existsSync, readFileSync } from 'node:fs'
import type { Ended } from './child.ts'
import { parseFileCommands, parsePathFile } from './runner-files.ts'
import { renderLog, type RenderedLog } from './runner.ts'
import type { CommandFiles } from './step-env.ts'

/** What a runner reads from a step that has ended. */
export interface StepRecord extends Ended {
  readonly conclusion: 'success' | 'failure'
  /** Standard output as the runner shows it. */
  readonly log: RenderedLog
  /** Both streams as the runner shows them, in the order of arrival; not the same each time. */
  readonly fullLog: RenderedLog
  readonly outputs: ReadonlyMap<string, string>
  readonly exportedEnv: ReadonlyMap<string, string>
  readonly state: ReadonlyMap<string, string>
  /** Directories that the step put in front of PATH, nearest first. */
  readonly addedPath: readonly string[]
  readonly summary: string
  /** Command files that the runner could not understand, each with the reason; they fail the step. */
  readonly fileProblems: readonly string[]
  /** The command files as they were written. */
  readonly commandFiles: Readonly<Record<keyof CommandFiles, string>>
}

/** Reads log and command files as the runner does at the end of a step. */
export function recordOf(ended: Ended, files: CommandFiles): StepRecord {
  const fullLog = renderLog(ended.lines)
  const commandFiles = {
    output: contentOf(files.output),
    env: contentOf(files.env),
    state: contentOf(files.state),
    summary: contentOf(files.summary),
    path: contentOf(files.path),
  }
  const fileProblems: string[] = []
  const pairs = (name: 'output' | 'env' | 'state', command?: string): Map<string, string> => {
    try {
      return new Map([...parseFileCommands(commandFiles[name]), ...legacy(fullLog, command)])
    } catch (error) {
      fileProblems.push(`${name}: ${error instanceof Error ? error.message : String(error)}`)
      return new Map()
    }
  }
  const values = {
    outputs: pairs('output', 'set-output'),
    exportedEnv: pairs('env'),
    state: pairs('state', 'save-state'),
  }
  const good = ended.exitCode === 0 && !fullLog.failed && fileProblems.length === 0
  return {
    ...ended,
    conclusion: good ? 'success' : 'failure',
    log: renderLog(ended.stdout),
    fullLog,
    ...values,
    addedPath: parsePathFile(commandFiles.path),
    summary: commandFiles.summary,
    fileProblems,
    commandFiles,
  }
}

function legacy(log: RenderedLog, name: string | undefined): [string, string][] {
  return log.commands.flatMap((command): [string, string][] =>
    command.name === name && command.properties.name !== undefined
      ? [[command.properties.name, command.data]]
      : [],
  )
}

// A step may remove its own files; the runner then finds nothing in them.
function contentOf(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : ''
}
