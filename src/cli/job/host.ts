import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { resolve } from 'node:path'
import type { ExecOptions, ExecResult, Host } from '../../host.ts'
import { stdout } from '../../host/stdout.ts'
import { createHttp, createStreams, proxySecrets } from '../../http.ts'
import { launchOf, variablesOf } from '../../platform.ts'
import { appendLine, readRegular } from '../../regular.ts'
import { rehearsalOf } from '../../rehearsal.ts'
import { createWriter } from '../../report/writer.ts'
import { coloured } from '../colour.ts'
import { heldBy, holderOf, type Holding } from './token.ts'
import { withoutSteps } from './words.ts'

/** What a job outside of GitHub Actions has. */
export interface Job extends Pick<Host, 'signal' | 'kill' | 'temp'> {
  readonly holding: Holding
  readonly env: NodeJS.ProcessEnv
}

/**
 * A job without a runner, as the sentence sees it: no workflow commands, no outputs, no later steps, and a state that
 * ends with this process.
 */
export function openJob({ holding, env, temp, signal, kill }: Job): Host {
  const rehearsal = rehearsalOf(env['GITHUB_SERVER_URL'] ?? '')
  const colour = coloured(process.stdout)
  const writer = withoutSteps(
    createWriter({
      ...stdout({ mayLeave: true }),
      colour,
      inWords: true,
      random: () => randomBytes(32).toString('hex'),
    }),
  )
  const held = heldBy(holding)
  for (const secret of [
    ...proxySecrets(env),
    ...held.map((name) => (Object.hasOwn(env, name) ? (env[name] ?? '') : '')),
  ])
    writer.mask(secret)
  writer.own(process.stdout)
  const workspace = process.cwd()
  const state = new Map<string, string>()
  const http = createHttp({ rehearsal, env })
  return {
    env: variablesOf(Object.fromEntries(Object.entries(env).filter(([name]) => !held.includes(name)))),
    facts: NOWHERE,
    workspace,
    temp,
    now: () => new Date(),
    signal,
    kill,
    writer,
    http,
    streams: createStreams({ rehearsal, env }),
    rehearsal,
    colour,
    inWords: true,
    ask: holderOf(holding, env, http),
    read: (path) => readRegular(path),
    exec,
    output: () => undefined,
    saveState: (name, value) => void state.set(name, value),
    state: (name) => state.get(name) ?? '',
    exportVariable: () => undefined,
    addPath: () => undefined,
    summary: () => Promise.resolve(),
    append: (path, line) => appendLine(resolve(path), line, workspace),
    gitHub: () => Promise.resolve(undefined),
    event: () => Promise.resolve(undefined),
  }
}

/** Pages of GitHub that nothing can be linked to. */
const NOWHERE: Host['facts'] = {
  serverUrl: '',
  repository: '',
  ref: '',
  sha: '',
  workflow: '',
  runId: '',
  runAttempt: '',
  job: '',
  actor: '',
  projectPath: '',
}

function exec(command: string, args: readonly string[], options: ExecOptions): Promise<ExecResult> {
  return new Promise((done, failed) => {
    const { cwd, env, onLine } = options
    const { path, argv, verbatim } = launchOf(command, args, env)
    execFile(
      path,
      argv,
      { cwd, env: { ...env }, maxBuffer: 16 * 1024 * 1024, windowsVerbatimArguments: verbatim },
      (error, stdout, stderr) => {
        // A program that could not be started has no number to end with.
        if (error && typeof error.code !== 'number') return failed(error)
        if (onLine) for (const line of `${stdout}${stderr}`.split('\n')) if (line !== '') onLine(line)
        done({ exitCode: Number(error?.code ?? 0), stdout, stderr })
      },
    )
  })
}
