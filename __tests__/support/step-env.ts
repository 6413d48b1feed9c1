import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { githubClaims } from './github-claims.ts'
import type { Issuer } from './issuer.ts'
import type { Scratch } from './scratch.ts'
import { isRecord, scalarText } from './shape.ts'

/** Variables by name. */
export type Env = Readonly<Record<string, string>>

/** The files by which a step speaks to the runner. */
export interface CommandFiles {
  readonly output: string
  readonly env: string
  readonly state: string
  readonly summary: string
  readonly path: string
}

/** Where nothing listens: a step without an issuer must not reach the network either. */
const nowhere = 'http://127.0.0.1:1'

let counter = 0

/** Makes the runner's empty files for one step. */
export function createCommandFiles(scratch: Scratch): CommandFiles {
  const folder = join(scratch.temp, '_runner_file_commands')
  mkdirSync(folder, { recursive: true })
  counter += 1
  const make = (name: string): string => {
    const path = join(folder, `${name}_${counter}`)
    writeFileSync(path, '')
    return path
  }
  return {
    output: make('set_output'),
    env: make('set_env'),
    state: make('save_state'),
    summary: make('step_summary'),
    path: make('add_path'),
  }
}

/** By which variables a step finds its files. */
export function fileEnv(files: CommandFiles): Env {
  return {
    GITHUB_OUTPUT: files.output,
    GITHUB_ENV: files.env,
    GITHUB_STATE: files.state,
    GITHUB_STEP_SUMMARY: files.summary,
    GITHUB_PATH: files.path,
  }
}

/** By which variables a step that may ask for tokens does so. */
export function tokenEnv(issuer: Pick<Issuer, 'requestUrl' | 'requestToken'>): Env {
  return {
    ACTIONS_ID_TOKEN_REQUEST_URL: issuer.requestUrl,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: issuer.requestToken,
  }
}

/** `INPUT_*` by the runner's rule, with the defaults of an action.yml for inputs that are not given. */
export function inputEnv(actionFile: string, inputs: Env, githubToken: string): Env {
  const action: unknown = parse(readFileSync(actionFile, 'utf8'))
  const declared = isRecord(action) && isRecord(action.inputs) ? action.inputs : {}
  const defaults = Object.entries(declared).map(
    ([name, input]) => [name, defaultOf(input, githubToken)] as const,
  )
  return Object.fromEntries(
    [...defaults, ...Object.entries(inputs)].map(([name, value]) => [
      `INPUT_${name.replaceAll(' ', '_').toUpperCase()}`,
      value,
    ]),
  )
}

function defaultOf(input: unknown, githubToken: string): string {
  const text = isRecord(input) ? scalarText(input.default) : ''
  const plain = text.replaceAll(/\$\{\{\s*github\.token\s*\}\}/g, githubToken)
  if (plain.includes('${{')) throw new Error(`only github.token is understood in a default, not ${text}`)
  return plain
}

/** What the runner sets for every step of a job, agreeing with the claims that the issuer signs. */
export function jobEnv(scratch: Scratch, issuer: Issuer | undefined, event: unknown): Env {
  const claims = new Map(Object.entries(issuer?.claims() ?? githubClaims({})))
  const claim = (name: string): string => scalarText(claims.get(name))
  const server = issuer?.serverUrl ?? nowhere
  return {
    CI: 'true',
    GITHUB_ACTIONS: 'true',
    GITHUB_ACTION: '__acme_dbt-oidc',
    GITHUB_ACTION_REF: 'v1',
    GITHUB_ACTION_REPOSITORY: 'acme/dbt-oidc',
    GITHUB_ACTOR: claim('actor'),
    GITHUB_ACTOR_ID: claim('actor_id'),
    GITHUB_API_URL: `${server}/api/v3`,
    GITHUB_BASE_REF: claim('base_ref'),
    GITHUB_EVENT_NAME: claim('event_name'),
    GITHUB_EVENT_PATH: writeEvent(scratch, event === undefined ? eventOf(claim) : event),
    GITHUB_GRAPHQL_URL: `${server}/api/graphql`,
    GITHUB_HEAD_REF: claim('head_ref'),
    GITHUB_JOB: 'dbt',
    GITHUB_REF: claim('ref'),
    GITHUB_REF_NAME: claim('ref').replace(/^refs\/(heads|tags|pull)\//, ''),
    GITHUB_REF_PROTECTED: claim('ref_protected'),
    GITHUB_REF_TYPE: claim('ref_type'),
    GITHUB_REPOSITORY: claim('repository'),
    GITHUB_REPOSITORY_ID: claim('repository_id'),
    GITHUB_REPOSITORY_OWNER: claim('repository_owner'),
    GITHUB_REPOSITORY_OWNER_ID: claim('repository_owner_id'),
    GITHUB_RETENTION_DAYS: '90',
    GITHUB_RUN_ATTEMPT: claim('run_attempt'),
    GITHUB_RUN_ID: claim('run_id'),
    GITHUB_RUN_NUMBER: claim('run_number'),
    GITHUB_SERVER_URL: server,
    GITHUB_SHA: claim('sha'),
    GITHUB_TRIGGERING_ACTOR: claim('actor'),
    GITHUB_WORKFLOW: claim('workflow'),
    GITHUB_WORKFLOW_REF: claim('workflow_ref'),
    GITHUB_WORKFLOW_SHA: claim('workflow_sha'),
    GITHUB_WORKSPACE: scratch.workspace,
    HOME: scratch.home,
    LANG: 'C.UTF-8',
    RUNNER_ARCH: process.arch.toUpperCase(),
    RUNNER_ENVIRONMENT: 'github-hosted',
    RUNNER_NAME: 'runner 1',
    RUNNER_OS: osName(),
    RUNNER_TEMP: scratch.temp,
    RUNNER_TOOL_CACHE: scratch.toolCache,
    // What programs of others leave there goes with the job.
    TMPDIR: scratch.root,
    USER: 'runner',
  }
}

function osName(): string {
  if (process.platform === 'darwin') return 'macOS'
  return process.platform === 'win32' ? 'Windows' : 'Linux'
}

/** A push or a pull request within the repository, as far as it matters here. */
function eventOf(claim: (name: string) => string): unknown {
  const repository = { full_name: claim('repository'), id: Number(claim('repository_id')), fork: false }
  const common = { repository, sender: { login: claim('actor') } }
  if (!claim('event_name').startsWith('pull_request'))
    return { ...common, ref: claim('ref'), after: claim('sha') }
  const number = Number(/^refs\/pull\/(\d+)\//.exec(claim('ref'))?.[1] ?? 1)
  const side = (ref: string): unknown => ({ ref, repo: repository })
  const pull = { number, base: side(claim('base_ref')), head: side(claim('head_ref')), user: common.sender }
  return { ...common, action: 'synchronize', number, pull_request: pull }
}

// A text is written as it is; null leaves the path without a file.
function writeEvent(scratch: Scratch, event: unknown): string {
  const folder = join(scratch.temp, '_github_workflow')
  mkdirSync(folder, { recursive: true })
  const path = join(folder, 'event.json')
  if (event !== null) writeFileSync(path, typeof event === 'string' ? event : JSON.stringify(event))
  return path
}
