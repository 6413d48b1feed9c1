import { existsSync, readFileSync } from 'node:fs'
import { delimiter, dirname, join, resolve } from 'node:path'
import { auditRecords } from './audit-schema.ts'
import { runChild, type ChildOptions } from './child.ts'
import type { LoggedRequest } from './issuer-server.ts'
import type { Issuer } from './issuer.ts'
import {
  createScratch,
  leftSince,
  removeScratch,
  takeInventory,
  writeFiles,
  type FileContent,
  type Inventory,
  type Left,
  type Scratch,
} from './scratch.ts'
import { createCommandFiles, fileEnv, inputEnv, jobEnv, tokenEnv, type Env } from './step-env.ts'
import { recordOf, type StepRecord } from './step-result.ts'

type Overrides = Readonly<Record<string, string | undefined>>
type ChildHooks = Pick<ChildOptions, 'during' | 'onStdout' | 'umask' | 'deadline' | 'streamGrace'>

/** A step as a workflow would write it, and what a test does to it. */
export interface StepOptions extends ChildHooks {
  /** As under `with:`. */
  readonly inputs?: Env
  readonly issuer?: Issuer
  /** False: the job may not ask for an ID token. */
  readonly token?: boolean
  /** As under `env:`; undefined takes a variable away. */
  readonly env?: Overrides
  /** The event file: an object as JSON, a text as it is, null for no file. */
  readonly event?: unknown
  /** Files of the workspace by relative path. */
  readonly files?: Readonly<Record<string, FileContent>>
  /** Directories in front of PATH. */
  readonly path?: readonly string[]
  /** The built action; an action.yml beside it goes before the project's. */
  readonly dist?: string
  /** What `github.token` is in the default of an input. */
  readonly githubToken?: string
  /** An earlier step of the same job: its directories and what it exported go on. */
  readonly after?: StepResult
  /** The last thing before the start, e.g. to place a link. */
  readonly prepare?: (scratch: Scratch) => void
}

/** What a test does to a post step. */
export type PostOptions = ChildHooks & { readonly env?: Overrides }

/** What a runner knows of a step that has ended, and what it can still do with it. */
export interface StepResult extends StepRecord, AsyncDisposable {
  /** What the issuer was asked meanwhile. */
  readonly requests: readonly LoggedRequest[]
  readonly paths: Scratch
  /** What further steps of the job get from this one and those before it. */
  readonly carried: Carried
  /** What is in workspace, temp and home now and was not before the step. */
  leftBehind(): Left[]
  /** The environment of a later `run:` step of the job. */
  laterEnv(): Record<string, string>
  /** Runs the post step. */
  post(options?: PostOptions): Promise<StepResult>
  /** Removes the job's directories. */
  dispose(): Promise<void>
}

/** What goes from step to step of a job. */
export interface Carried {
  readonly env: Env
  readonly path: readonly string[]
}

/** What main and post step have in common. */
interface Job {
  readonly scratch: Scratch
  readonly before: Inventory
  readonly dist: string
  readonly issuer: Issuer | undefined
  readonly env: Record<string, string>
  readonly path: readonly string[]
  readonly carried: Carried
}

const root = resolve(import.meta.dirname, '..', '..')
const systemPath = ['/usr/local/bin', '/usr/bin', '/bin']

/** Runs the built action as a step of a job. A failed step is a result; only a stuck one is an error. */
export async function runStep(options: StepOptions = {}): Promise<StepResult> {
  const scratch = options.after?.paths ?? createScratch()
  try {
    writeFiles(scratch.workspace, options.files ?? {})
    const job = jobOf(scratch, options)
    options.prepare?.(scratch)
    return await runScript('main.js', { ...job, before: takeInventory(scratch) }, options)
  } catch (error) {
    // The caller has no result to dispose of.
    if (!options.after) removeScratch(scratch)
    throw error
  }
}

function jobOf(scratch: Scratch, options: StepOptions): Job {
  const { issuer, after } = options
  const dist = resolve(options.dist ?? join(root, 'dist'))
  const own = join(dirname(dist), 'action.yml')
  const action = existsSync(own) ? own : join(root, 'action.yml')
  const env = {
    ...jobEnv(scratch, issuer, options.event),
    ...(issuer && options.token !== false ? tokenEnv(issuer) : {}),
    ...inputEnv(action, options.inputs ?? {}, options.githubToken ?? ''),
  }
  return {
    scratch,
    before: new Map(),
    dist,
    issuer,
    env: merged(env, options.env),
    path: [...(options.path ?? []), ...systemPath],
    carried: after?.carried ?? { env: {}, path: [] },
  }
}

function merged(env: Env, overrides: Overrides = {}): Record<string, string> {
  const entries = Object.entries({ ...env, ...overrides })
  return Object.fromEntries(
    entries.flatMap(([name, value]): [string, string][] => (value === undefined ? [] : [[name, value]])),
  )
}

/** A variable of `env:` goes before one that an earlier step exported, as with the runner. */
function envOf({ carried, env, path }: Job): Record<string, string> {
  return { PATH: [...carried.path, ...path].join(delimiter), ...carried.env, ...env }
}

async function runScript(script: string, job: Job, options: PostOptions): Promise<StepResult> {
  const files = createCommandFiles(job.scratch)
  const env = {
    ...fileEnv(files),
    ...envOf(job),
  }
  const asked = job.issuer?.requests.length ?? 0
  const file = join(job.dist, script)
  // Node would exit 1 without it, which many a test expects.
  if (!existsSync(file)) throw new Error(`${file} is missing: build first`)
  const command = [process.execPath, file]
  const ended = await runChild(command, {
    ...options,
    cwd: job.scratch.workspace,
    env: merged(env, options.env),
  })
  const record = recordOf(ended, files)
  checkAudit(record, job.scratch)
  return resultOf(job, record, job.issuer?.requests.slice(asked) ?? [])
}

/** Whatever a step has put on record is valid under the published schema; a line that a killed one began is no line. */
function checkAudit({ outputs }: StepRecord, { temp }: Scratch): void {
  const log = outputs.get('audit-log') ?? join(temp, 'dbt-oidc-audit.jsonl')
  if (!existsSync(log)) return
  const text = readFileSync(log, 'utf8')
  auditRecords(text.slice(0, text.lastIndexOf('\n') + 1))
}

function resultOf(job: Job, record: StepRecord, requests: readonly LoggedRequest[]): StepResult {
  const carried = {
    env: { ...job.carried.env, ...Object.fromEntries(record.exportedEnv) },
    path: [...record.addedPath, ...job.carried.path],
  }
  const dispose = async (): Promise<void> => removeScratch(job.scratch)
  return {
    ...record,
    requests,
    paths: job.scratch,
    carried,
    leftBehind: () => leftSince(job.before, job.scratch),
    laterEnv() {
      const entries = Object.entries(envOf({ ...job, carried }))
      return Object.fromEntries(entries.filter(([name]) => !/^(INPUT|STATE)_/.test(name)))
    },
    post(options = {}) {
      const state = Object.fromEntries([...record.state].map(([name, value]) => [`STATE_${name}`, value]))
      return runScript('post.js', { ...job, carried, env: { ...job.env, ...state } }, options)
    },
    dispose,
    [Symbol.asyncDispose]: dispose,
  }
}
