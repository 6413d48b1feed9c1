import type { DbtCommand } from '../dbt/command.ts'
import { placeOfInput, type Options } from './options.ts'
import type { Problems } from './problems.ts'

type Variables = Readonly<Record<string, string | undefined>>

/** The variables by which dbt is told of an earlier run. */
const VARIABLES = ['DBT_STATE', 'DBT_ENGINE_STATE', 'DBT_ARTIFACT_STATE_PATH'] as const
const DEFERRING = ['DBT_DEFER_STATE', 'DBT_ENGINE_DEFER_STATE'] as const

const CHOOSES = /^(?:-s|-m|--select|--exclude|--models?)$/
const COMPARES = /(?:^|=|[\s,+@\d])(?:state|result|source_status):/

/** An earlier run is named once, and where a command compares with one, it is named. */
export function checkState(
  { state, artifactsDir, until }: Pick<Options, 'state' | 'artifactsDir' | 'until'>,
  commands: readonly DbtCommand[],
  env: Variables,
  problems: Problems,
): void {
  if (commands.length === 0) {
    if (until !== undefined) return
    if (state !== undefined)
      problems.add(
        placeOfInput('state'),
        'Without `run` no dbt is started here: give later steps `--state` yourself.',
      )
    if (artifactsDir !== undefined)
      problems.add(
        placeOfInput('artifacts-dir'),
        'Without `run` no dbt is started here, and nothing is left to be copied.',
      )
    return
  }
  if (state === undefined) return asked(commands, env, problems)
  const named = VARIABLES.find((name) => (env[name] ?? '') !== '')
  if (named !== undefined)
    problems.add(
      placeOfInput('state'),
      `The step has the variable ${named} as well: leave one of the two out.`,
    )
  for (const { argv, line } of commands)
    if (argv.some((word) => /^--state(?:=|$)/.test(word)))
      problems.add(
        placeOfInput('run'),
        `line ${line}: \`--state\` is set by the input "state": leave one of the two out.`,
      )
}

function asked(commands: readonly DbtCommand[], env: Variables, problems: Problems): void {
  const has = (names: readonly string[]): boolean => names.some((name) => (env[name] ?? '') !== '')
  for (const { argv, line } of commands) {
    const says = (flag: RegExp): boolean => argv.some((word) => flag.test(word))
    if (has(VARIABLES) || says(/^--state(?:=|$)/)) continue
    const comparing = comparison(argv)
    const deferring = argv.includes('--defer') && !has(DEFERRING) && !says(/^--defer-state(?:=|$)/)
    if (comparing === undefined && !deferring) continue
    problems.add(
      placeOfInput('run'),
      `line ${line}: \`${comparing ?? '--defer'}\` needs the artifacts of an earlier run, and nothing says where they are: give \`state\`, the directory that a step before this one has put them into (docs/state.md).`,
    )
  }
}

/** The first word that chooses nodes by what an earlier run says of them. */
function comparison(argv: readonly string[]): string | undefined {
  let choosing = false
  for (const word of argv) {
    if (/^--(?:select|exclude|models?)=/.test(word) && COMPARES.test(word)) return word
    if (word.startsWith('-')) choosing = CHOOSES.test(word)
    else if (choosing && COMPARES.test(word)) return word
  }
  return undefined
}
