import { Command, InvalidArgumentError, Option } from 'commander'
import { HISTORIES, type HistoryName } from '../../audit/history.ts'
import { momentOf } from '../../audit/select.ts'
import type { AuditLog } from '../../audit/read.ts'
import { fail } from '../../errors.ts'
import { downloads } from '../audit/download.ts'
import { readLogs } from '../audit/files.ts'
import { tellHistory } from '../audit/history.ts'
import { tellReached } from '../audit.ts'
import { gitHub } from '../octokit.ts'
import { printBeside } from '../print.ts'

interface Options {
  readonly target?: readonly string[]
  readonly actor?: readonly string[]
  readonly since?: Date
  readonly until?: Date
  readonly refused?: boolean
  readonly csv?: boolean
  readonly json?: boolean
  readonly out?: string
  readonly repositories?: readonly string[]
  readonly artifact: string
  readonly warehouse?: HistoryName
  readonly identity?: readonly string[]
  readonly config?: string
}

/** `audit`: who reached which target when, from the audit logs of runs. */
export function auditCommand(): Command {
  return new Command('audit')
    .description('prints who reached which target when, from the audit logs of runs')
    .argument('[files...]', 'audit logs, directories of them, or `-` for standard input')
    .option('--target <name>', 'only this target; as often as needed', collect)
    .option('--actor <name>', 'only runs of this person or bot; as often as needed', collect)
    .option('--since <time>', 'from then on: 90d, 12h, 2026-09-01 or a time in UTC', moment(false))
    .option('--until <time>', 'up to then; a date is meant with its last moment', moment(true))
    .option('--refused', 'only what the policy denied or the other side refused')
    .option('--csv', 'as CSV, without formulas')
    .option('--json', 'as JSON')
    .option(
      '--repositories <pattern>',
      "collects the artifacts of these repositories: 'acme/*' (with GITHUB_TOKEN or GH_TOKEN); as often as needed",
      collect,
    )
    .option('--artifact <pattern>', 'with --repositories: the name of the artifacts', 'dbt-oidc-audit*')
    .addOption(
      new Option(
        '--warehouse <name>',
        "prints instead the query that lists the same logins and runs from the vendor's own history",
      ).choices(Object.keys(HISTORIES)),
    )
    .option(
      '--identity <name>',
      'with --warehouse: this user, service account or role, not those of the policy; as often as needed',
      collect,
    )
    .option(
      '--config <file>',
      'with --warehouse: the policy file (default: .github/dbt-oidc.yml, where there is one)',
    )
    .option('--out <file>', 'keeps all records that were read in a new file, in the order of time')
    .addHelpText('after', EXAMPLES)
    .action(async (files: readonly string[], { target, actor, ...options }: Options) => {
      if (options.warehouse) return tellHistory(options.warehouse, { ...options, targets: target })
      refuseMixed(files, options)
      const { repositories } = options
      const logs = repositories ? await collected(repositories, options) : []
      await tellReached([...logs, ...(await readLogs(files))], { ...options, targets: target, actors: actor })
    })
}

/** One value of an option that may come again: a list of them would take the files behind it for its own. */
function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value]
}

function refuseMixed(files: readonly string[], { repositories, csv, json }: Options): void {
  if (files.length === 0 && repositories === undefined)
    fail({
      code: 'usage',
      problem: 'There is nothing to read.',
      remedy:
        'Name the audit logs of runs (the output `audit-log` of the step names each), or collect them with --repositories.',
    })
  if (csv && json)
    fail({ code: 'usage', problem: '--csv and --json are two forms.', remedy: 'Give one of the two.' })
}

/** How far it has come, for somebody who waits. */
function say(line: string): void {
  if (process.stderr.isTTY) printBeside(line)
}

/** GitHub's artifacts of these repositories. Lists of repositories are long. */
async function collected(
  repositories: readonly string[],
  { artifact, since }: Options,
): Promise<readonly AuditLog[]> {
  const { collect } = await import('../audit/collect.ts')
  const ask = await gitHub({ instead: 'or name files', limit: 4 * 1024 * 1024, patient: true })
  return collect({ repositories, artifact, since }, { ask, download: downloads(process.env), say })
}

function moment(end: boolean): (text: string) => Date {
  return (text) => {
    const found = momentOf(text, new Date(), end)
    if (found) return found
    throw new InvalidArgumentError('Write 90d, 12h, 2026-09-01 or 2026-09-01T06:00Z.')
  }
}

const EXAMPLES = `
A line stands for what one job did with one target: its first record, and what became of its tokens. The log is written
by the job itself: it is the means to join, and the history of the warehouse is the evidence (docs/audit.md). The exit
code is 3 where something could not be read, and with --refused 1 where something was found.

Examples:
  dbt-oidc audit audit/*.jsonl
  dbt-oidc audit audit --target prod --since 90d --csv > prod.csv
  dbt-oidc audit audit --refused --since 1d
  GITHUB_TOKEN=$(gh auth token) dbt-oidc audit --repositories 'acme/*' --since 30d --out 2026-11.jsonl
  dbt-oidc audit --warehouse snowflake --since 90d
  dbt-oidc audit --json audit | jq '.reached[] | select(.actor == "alice")'
`
