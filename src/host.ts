import * as core from '@actions/core'
import { getExecOutput } from '@actions/exec'
import { appendFile } from 'node:fs/promises'
import { randomBytes } from 'node:crypto'
import { relative, sep } from 'node:path'
import type { PolicyPlace, PolicyRead } from './config/policy-place.ts'
import type { FileRead, Sources } from './config/sources.ts'
import type { OutputName } from './config/inputs.ts'
import { fail } from './errors.ts'
import { withoutOwnExports } from './exports.ts'
import { causeOf } from './file-causes.ts'
import { createHttp, createStreams, proxySecrets, type Http, type Streams } from './http.ts'
import { variablesOf } from './platform.ts'
import { appendLine, readRegular } from './regular.ts'
import { rehearsalOf, type Rehearsal } from './rehearsal.ts'
import type { AskGraph } from './host/github.ts'
import { stdout } from './host/stdout.ts'
import type { RunFacts } from './report/report.ts'
import { codeOf } from './retry.ts'
import { createWriter, type Writer } from './report/writer.ts'

/** The runner as the sentence sees it. This file is the only one that knows @actions/* and the GITHUB_* files. */
export interface Host {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly facts: RunFacts
  readonly workspace: string
  /** RUNNER_TEMP: emptied by the runner at the start and the end of a job. */
  readonly temp: string
  readonly now: () => Date
  /** Aborted when the job is cancelled. */
  readonly signal: AbortSignal
  /** Aborted when somebody asks a second time: no more patience. */
  readonly kill: AbortSignal
  readonly writer: Writer
  readonly http: Http
  readonly streams: Streams
  readonly rehearsal: Rehearsal | undefined
  readonly colour: boolean
  /** Nobody shows annotations there: what they say stands in the log. */
  readonly inWords?: boolean
  /** `core.getIDToken`: unverified, and with the faults that token/request.ts guards against. */
  readonly ask: (audience: string) => Promise<string>
  readonly read: (path: string) => Promise<FileRead>
  readonly exec: (command: string, args: readonly string[], options: ExecOptions) => Promise<ExecResult>
  readonly output: (name: OutputName, value: string) => void
  /** Handed to the post step; never a secret that stands on its own. */
  readonly saveState: (name: string, value: string) => void
  readonly state: (name: string) => string
  readonly exportVariable: (name: string, value: string) => void
  readonly addPath: (directory: string) => void
  readonly summary: (markdown: string) => Promise<void>
  readonly append: (path: string, line: string) => Promise<void>
  /** GitHub's GraphQL by the token of the step; undefined where it has none. */
  readonly gitHub: () => Promise<AskGraph | undefined>
  /** The parsed event file, which nobody signs; undefined where it cannot be read. */
  readonly event: () => Promise<unknown>
}

/** A short command; dbt itself does not run here. */
export interface ExecOptions {
  readonly cwd?: string
  /** The whole environment; nothing is inherited, since ours can ask for tokens. */
  readonly env: Readonly<Record<string, string>>
  readonly onLine?: (line: string) => void
}

export interface ExecResult {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** The input `github-token`, as the runner hands it over. */
const GITHUB_TOKEN = 'INPUT_GITHUB-TOKEN'

/** Opens the runner that this process was started by. */
export function openHost(env: NodeJS.ProcessEnv, { signal, kill }: Pick<Host, 'signal' | 'kill'>): Host {
  const text = (name: string): string => env[name] ?? ''
  const workspace = text('GITHUB_WORKSPACE') || process.cwd()
  const rehearsal = rehearsalOf(text('GITHUB_SERVER_URL'))
  const writer = createWriter({
    ...stdout(),
    colour: true,
    random: () => randomBytes(32).toString('hex'),
  })
  const held = [text('ACTIONS_ID_TOKEN_REQUEST_TOKEN'), text(GITHUB_TOKEN)]
  for (const secret of [...proxySecrets(env), ...held]) writer.mask(secret)
  // From here on even the toolkit's own lines pass through the one writer.
  writer.own(process.stdout)
  return {
    env: variablesOf(withoutOwnExports(env)),
    facts: readFacts(env),
    workspace,
    temp: text('RUNNER_TEMP'),
    now: () => new Date(),
    signal,
    kill,
    writer,
    http: createHttp({ rehearsal, env }),
    streams: createStreams({ rehearsal, env }),
    rehearsal,
    colour: true,
    ask: (audience) => core.getIDToken(audience),
    read: (path) => readRegular(path),
    exec,
    output: (name, value) => told('GITHUB_OUTPUT', () => core.setOutput(name, value)),
    saveState: (name, value) => told('GITHUB_STATE', () => core.saveState(name, value)),
    state: (name) => core.getState(name),
    exportVariable: (name, value) => told('GITHUB_ENV', () => core.exportVariable(name, value)),
    addPath: (directory) => told('GITHUB_PATH', () => core.addPath(directory)),
    async summary(markdown) {
      const path = text('GITHUB_STEP_SUMMARY')
      if (path !== '') await appendFile(path, markdown)
    },
    append: (path, line) => appendLine(path, line, workspace),
    async gitHub() {
      const token = text(GITHUB_TOKEN)
      if (token === '') return undefined
      const { askGraph } = await import('./host/github.ts')
      // A page of comments is large: each of them up to 64 KiB.
      return askGraph(token, { http: createHttp({ rehearsal, env }), rehearsal, limit: 8 * 1024 * 1024 })
    },
    event: () => readEvent(text('GITHUB_EVENT_PATH')),
  }
}

/** The toolkit throws what the system said; a full disk of the runner is no fault of ours. */
function told(file: string, tell: () => void): void {
  try {
    tell()
  } catch (error) {
    if (codeOf(error) === '') throw error
    fail({
      code: 'file',
      problem: `The runner’s file ${file} cannot be written: ${causeOf(error)}.`,
      remedy: 'Make room on the disk of the runner and run the job again.',
    })
  }
}

/** Everything that a configuration is made of. */
export function sourcesOf(host: Host, inputs: ReadonlyMap<string, string>): Sources {
  const { env, workspace, facts, read } = host
  return {
    inputs,
    env,
    workspace,
    serverUrl: facts.serverUrl,
    repository: facts.repository,
    today: host.now(),
    read,
    readPolicy: (place) => readPolicyOf(host, inputs.get('github-token') ?? '', place),
  }
}

/** Only a run whose policy is in another repository asks GitHub for anything but a token. */
async function readPolicyOf(host: Host, token: string, place: PolicyPlace): Promise<PolicyRead> {
  if (token === '') return { kind: 'untold', why: '`github-token` is empty' }
  host.writer.mask(token)
  const { askGitHub, readPolicyAt } = await import('./host/github.ts')
  const { withRetries } = await import('./retry.ts')
  const { rehearsal } = host
  const ask = await askGitHub(token, { http: withRetries(host.http), rehearsal, limit: 2 * 1024 * 1024 })
  return readPolicyAt(place, ask)
}

/** The inputs by name as given, declared or not: the runner hands on both. */
export function readInputs(env: NodeJS.ProcessEnv): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(env)
      .filter(([name]) => name.startsWith('INPUT_'))
      .map(([name, value]) => [name.slice('INPUT_'.length).toLowerCase(), value ?? '']),
  )
}

function readFacts(env: NodeJS.ProcessEnv): RunFacts {
  const text = (name: string): string => env[name] ?? ''
  return {
    serverUrl: text('GITHUB_SERVER_URL'),
    repository: text('GITHUB_REPOSITORY'),
    ref: text('GITHUB_REF'),
    sha: text('GITHUB_SHA'),
    workflow: text('GITHUB_WORKFLOW'),
    runId: text('GITHUB_RUN_ID'),
    runAttempt: text('GITHUB_RUN_ATTEMPT'),
    job: text('GITHUB_JOB'),
    actor: text('GITHUB_ACTOR'),
    projectPath: '',
  }
}

/** The project's directory as GitHub's pages name it. */
export function projectPath(workspace: string, projectDir: string): string {
  return relative(workspace, projectDir).split(sep).join('/')
}

// GitHub cuts an event off at 25 MB.
const LONGEST_EVENT = 25 * 1024 * 1024

async function readEvent(path: string): Promise<unknown> {
  const found = path === '' ? undefined : await readRegular(path, LONGEST_EVENT)
  if (found?.kind !== 'text') return undefined
  try {
    return JSON.parse(found.text) as unknown
  } catch {
    return undefined
  }
}

async function exec(command: string, args: readonly string[], options: ExecOptions): Promise<ExecResult> {
  return getExecOutput(command, [...args], {
    silent: true,
    ignoreReturnCode: true,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { ...options.env },
    listeners: options.onLine === undefined ? {} : { stdline: options.onLine, errline: options.onLine },
  })
}
