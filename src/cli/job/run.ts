import { mkdtemp, rm } from 'node:fs/promises'
import { constants, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { listen } from '../../cancel.ts'
import { cleanUp } from '../../clean-up.ts'
import { readConfig, type Config } from '../../config.ts'
import type { InputName } from '../../config/inputs.ts'
import { POLICY_PATH } from '../../config/policy-place.ts'
import type { Sources } from '../../config/sources.ts'
import { quoted } from '../../dbt/command.ts'
import { DbtOidcError, fail } from '../../errors.ts'
import { exchanges } from '../../exchanges/index.ts'
import type { Host } from '../../host.ts'
import { lastWords } from '../../last-words.ts'
import { publish, publishFailure } from '../../publish.ts'
import { run, type Known } from '../../run.ts'
import { warehouses } from '../../warehouses/index.ts'
import { EXIT, exitOf } from '../exit.ts'
import { openJob } from './host.ts'
import type { Holding } from './token.ts'

/** What the command line says of a run. */
export interface Running extends Holding {
  readonly issuer: string
  readonly config?: string
  readonly target?: string
  readonly projectDir?: string
  readonly keepAlive?: string
  readonly preflight?: boolean
  readonly until?: string
  readonly env?: string
  readonly auditLog: string
}

/** Plays the sentence outside of GitHub Actions and ends as dbt ended. */
export async function runJob(words: readonly string[], running: Running): Promise<void> {
  if (words.length === 0 && running.until === undefined)
    fail({
      code: 'usage',
      problem: 'There is no dbt command.',
      remedy: 'Write it behind `--`: `dbt-oidc run --issuer gitlab --token-variable NAME -- dbt build`.',
    })
  let by: NodeJS.Signals = 'SIGINT'
  // A terminal that goes away says SIGHUP, and would end this process without a word.
  const cancel = listen(['SIGTERM', 'SIGHUP'], (signal) => (by = signal))
  const temp = await mkdtemp(join(tmpdir(), 'dbt-oidc-'))
  try {
    const host = openJob({ holding: running, env: process.env, temp, ...cancel })
    if (host.rehearsal)
      host.writer.line(
        `rehearsal: no request leaves this machine (GITHUB_SERVER_URL is ${host.rehearsal.server})`,
      )
    const code = await play(words, running, host)
    const told = await lastWords(host)
    process.exitCode = cancel.signal.aborted
      ? endedBy(by)
      : told || code !== EXIT.fine
        ? code
        : EXIT.unanswered
  } finally {
    await rm(temp, { recursive: true, force: true })
  }
  // Sockets and timers of a failed request must not keep a finished run alive.
  process.exit()
}

async function play(words: readonly string[], running: Running, host: Host): Promise<number> {
  const started = performance.now()
  const known: Known = {}
  let config: Config | undefined
  let code: number = EXIT.fault
  try {
    config = await readConfig(sourcesFor(words, running, host), { warehouses, exchanges })
    if (running.tokenVariable !== undefined) host.writer.line(fixed(running.tokenVariable), 'quiet')
    const report = await run(config, host, known)
    const fine = await publish(report, { config, host, known, started })
    code = fine ? EXIT.fine : codeOfDbt(known)
  } catch (error) {
    await publishFailure(error, { config, host, known, started })
    code = error instanceof DbtOidcError ? exitOf(error) : EXIT.fault
  }
  const clean = await cleanUp(host, config?.other)
  return clean || code !== EXIT.fine ? code : EXIT.unanswered
}

/** As a shell says it of a program that a signal has ended: 130 for SIGINT, 143 for SIGTERM. */
function endedBy(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal]
}

function codeOfDbt({ result }: Known): number {
  const last = result?.lines.at(-1)
  return last?.exitCode ?? (last?.signal ? endedBy(last.signal) : EXIT.no)
}

function fixed(name: string): string {
  return `The token of ${name} cannot be renewed: once it has ended, nothing more is bought with it.`
}

function sourcesFor(words: readonly string[], running: Running, host: Host): Sources {
  const given: readonly (readonly [InputName, string | undefined])[] = [
    ['config', running.config === undefined ? POLICY_PATH : resolve(running.config)],
    ['run', running.until === undefined ? words.map(quoted).join(' ') : undefined],
    ['target', running.target],
    ['project-dir', running.projectDir === undefined ? undefined : resolve(running.projectDir)],
    ['keep-alive', running.keepAlive],
    ['preflight', running.preflight ? 'true' : undefined],
    ['until', running.until],
    ['env', running.env],
    ['audit-log', resolve(running.auditLog)],
  ]
  return {
    inputs: new Map(given.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]))),
    env: host.env,
    workspace: host.workspace,
    serverUrl: host.rehearsal?.server ?? 'https://github.com',
    repository: '',
    issuer: running.issuer,
    today: host.now(),
    read: host.read,
  }
}
