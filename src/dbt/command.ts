import { reserved } from './reserved.ts'
import { readWords, type Word } from './words.ts'

/** One line of `run`, ready to be started without a shell. */
export interface DbtCommand {
  /** Without `dbt` itself. */
  readonly argv: readonly string[]
  /** As shown to people and as a shell would need it: `dbt build --select 'tag:a b'`. */
  readonly shown: string
  /** `build`, `docs generate`, `source freshness` ... */
  readonly subcommand: string
  /** How many words of `argv` come before the end of the subcommand: global flags and the subcommand itself. */
  readonly head: number
  /** `deps` fetches code of others and `clean` deletes: neither needs the warehouse. */
  readonly needsCredential: boolean
  /** Line of the input, from 1. */
  readonly line: number
}

/** All commands of `run`; none of them where anything is wrong with one. */
export interface Run {
  readonly commands: readonly DbtCommand[]
  /** Each with its line and column; that they are the input's is for the reader of the inputs to say. */
  readonly problems: readonly string[]
}

/** The flags by which this action steers a command. */
export interface Steering {
  readonly profilesDir: string
  readonly target: string
  readonly profile?: string | undefined
}

const NEEDS_CREDENTIAL: ReadonlyMap<string, boolean> = new Map([
  ...['build', 'clone', 'compile', 'debug', 'docs generate', 'list', 'ls', 'retry', 'run'].map(yes),
  ...['run-operation', 'seed', 'show', 'snapshot', 'source freshness', 'test'].map(yes),
  ['source snapshot-freshness', true],
  ['parse', true], // It connects to nothing, but renders the profile, which refers to the credential.
  ['clean', false],
  ['deps', false],
])

const REFUSED: ReadonlyMap<string, string> = new Map([
  ['init', 'it asks questions and writes a profile; run it on your own machine'],
  ['docs serve', 'it never ends; publish target/index.html of `docs generate` instead'],
  ['login', 'this action is the login'],
  ['system', 'it replaces dbt itself; use the input "install"'],
])

const GROUPS: ReadonlySet<string> = new Set(['docs', 'source'])

// dbt's global flags with a value, as far as they may stand before the subcommand.
const VALUED: ReadonlySet<string> = new Set([
  '-r',
  '--record-timing-info',
  '--state',
  '--defer-state',
  '--indirect-selection',
  '--printer-width',
  '--log-format',
  '--log-format-file',
  '--log-level',
  '--log-level-file',
  '--log-file-max-bytes',
  '--maximum-seed-size-mib',
  '--partial-parse-file-path',
  '--warn-error-options',
  '--v2-parser',
])

/** Reads the input `run`: one dbt command a line, no shell anywhere. */
export function parseRun(text: string): Run {
  const { commands, flaws } = readWords(text)
  const parsed = commands.map(parseCommand)
  // What is said of the words of a line that could not be read would only confuse.
  const unread = new Set(flaws.map((flaw) => flaw.line))
  const others = parsed.flatMap(({ problems }) => problems).filter((problem) => !unread.has(problem.line))
  const found = [...flaws, ...others, ...nothingToRun(text, commands, flaws)].toSorted(
    (a, b) => a.line - b.line || a.column - b.column,
  )
  return {
    commands: found.length > 0 ? [] : parsed.flatMap(({ command }) => command ?? []),
    problems: found.map(({ line, column, problem }) => `line ${line}, column ${column}: ${problem}`),
  }
}

/** Whoever writes `run` wants something run: without a command the step would hand out its credential instead. */
function nothingToRun(
  text: string,
  { length }: readonly unknown[],
  flaws: readonly unknown[],
): readonly Problem[] {
  if (text.trim() === '' || length > 0 || flaws.length > 0) return []
  const problem =
    'there are only comments here, and no command: write one dbt command a line, or leave the input out to prepare later steps.'
  return [{ line: 1, column: 1, problem }]
}

/** The words to start dbt with: our flags stand before the user's, where no open flag can swallow them. */
export function steered(command: DbtCommand, steering: Steering): readonly string[] {
  const { profilesDir, target, profile } = steering
  const flags = ['--profiles-dir', profilesDir, '--target', target]
  if (profile !== undefined) flags.push('--profile', profile)
  return [...command.argv.slice(0, command.head), ...flags, ...command.argv.slice(command.head)]
}

/** A word as a POSIX shell, and {@link parseRun}, would have to be given it. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`
}

interface Problem {
  readonly line: number
  readonly column: number
  readonly problem: string
}

interface Parsed {
  readonly command: DbtCommand | undefined
  readonly problems: readonly Problem[]
}

function yes(subcommand: string): [string, boolean] {
  return [subcommand, true]
}

function parseCommand(all: readonly Word[]): Parsed {
  const words = all[0]?.text === 'dbt' ? all.slice(1) : all
  const [first] = all
  if (!first) return { command: undefined, problems: [] }
  const argv = words.map((word) => word.text)
  const problems = words.flatMap((word) => {
    const problem = word.text === '--' ? '"--" has no use in a dbt command; remove it.' : reserved(word.text)
    return problem === undefined ? [] : [at(word, problem)]
  })
  const { subcommand, head } = subcommandOf(argv)
  const wrong = wrongSubcommand(subcommand)
  if (wrong !== undefined) problems.push(at(words[head - 1] ?? first, wrong))
  if (problems.length > 0) return { command: undefined, problems }
  const shown = ['dbt', ...argv.map(quoted)].join(' ')
  const needsCredential = NEEDS_CREDENTIAL.get(subcommand) ?? true
  return { command: { argv, shown, subcommand, head, needsCredential, line: first.line }, problems }
}

function at(word: Word, problem: string): Problem {
  return { line: word.line, column: word.column, problem }
}

/** The subcommand and the number of words up to its end. */
function subcommandOf(argv: readonly string[]): { subcommand: string; head: number } {
  let index = 0
  while (argv[index]?.startsWith('-')) index += VALUED.has(argv[index] ?? '') ? 2 : 1
  const name = argv[index] ?? ''
  const second = argv[index + 1] ?? ''
  return GROUPS.has(name)
    ? { subcommand: `${name} ${second}`.trim(), head: index + 2 }
    : { subcommand: name, head: index + 1 }
}

function wrongSubcommand(subcommand: string): string | undefined {
  if (NEEDS_CREDENTIAL.has(subcommand)) return undefined
  const reason = REFUSED.get(subcommand)
  if (reason !== undefined) return `dbt ${subcommand} cannot run here: ${reason}.`
  const known = [...NEEDS_CREDENTIAL.keys()].join(', ')
  if (subcommand === '') return `there is no dbt command. Commands: ${known}.`
  return `"${subcommand}" is no dbt command that can run here. Commands: ${known}. Flags of dbt itself go behind the command.`
}
