import { spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join, relative } from 'node:path'
import * as z from 'zod/mini'
import { ensureAct } from '../../scripts/act.ts'
import { runChild } from '../support/child.ts'
import type { Issuer } from '../support/issuer.ts'
import { dbtPython } from '../support/python.ts'
import { parseRecord } from '../support/shape.ts'

/** A workflow that `act` has run to its end. */
export interface Ran extends Disposable {
  readonly exitCode: number | null
  /** What act prints, with what it hides. */
  readonly log: string
  /** A file that a step or the observer has written; empty where there is none. */
  readonly record: (name: string) => string
  /** Files that the workflow has kept, by the name of the artifact or the key of the cache. */
  readonly kept: () => readonly string[]
  /** A record of outputs. */
  readonly outputs: (name?: string) => Readonly<Record<string, unknown>>
  /** The files that were left in the runner's temporary directory after all post steps. */
  readonly after: (job?: string) => readonly string[]
}

export interface RunOptions {
  readonly issuer: Issuer
  /** The policy of the repository. */
  readonly policy?: string
  readonly env?: Readonly<Record<string, string>>
  /** The event, default a push; with what GitHub says of it. */
  readonly event?: { readonly name: string; readonly payload: unknown }
  /** Workflows by file name, where they are none of this folder. */
  readonly workflows?: Readonly<Record<string, string>>
  /** Further files of the repository. */
  readonly files?: Readonly<Record<string, string>>
  /** The token of the job at GitHub's API. */
  readonly token?: string
  /** Actions of GitHub's that keep files, as `owner/name@ref`. */
  readonly keepers?: readonly string[]
  /** The jobs differ in what GitHub signs for them, so the workflow says for each where to ask for the token. */
  readonly asksByJob?: boolean
}

const HERE = import.meta.dirname
const ROOT = join(HERE, '..', '..')

/** The policy of the demo's shop. */
export const POLICY = readFileSync(join(ROOT, 'demo', 'dbt-oidc.yml'), 'utf8')

/** Runs a workflow of this folder in a repository with the demo's project, the built action being `acme/dbt-oidc@v1`. */
export async function runWorkflow(name: string, options: RunOptions): Promise<Ran> {
  const directory = mkdtempSync(join(tmpdir(), 'act-'))
  try {
    const repository = makeRepository(directory, name, options)
    const record = join(directory, 'record')
    mkdirSync(record)
    const env = { ...environmentOf(options), RECORD: record }
    const command = [await ensureAct(), ...argumentsOf(directory, name, env, options)]
    // act runs what `using: node24` says with the first `node` of its PATH.
    const path = [dirname(process.execPath), dirname(dbtPython()), process.env.PATH ?? '']
    const ended = await runChild(command, {
      cwd: repository,
      deadline: 240_000,
      env: {
        PATH: path.join(delimiter),
        HOME: directory,
        XDG_CACHE_HOME: join(directory, 'cache'),
        DO_NOT_TRACK: '1',
      },
    })
    return ranOf(directory, record, { exitCode: ended.exitCode, log: ended.stdout + ended.stderr })
  } catch (error) {
    rmSync(directory, { recursive: true, force: true })
    throw error
  }
}

function environmentOf({ issuer, asksByJob, env }: RunOptions): Readonly<Record<string, string>> {
  return {
    GITHUB_SERVER_URL: issuer.serverUrl,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: issuer.requestToken,
    // What is said on the command line goes before the `env:` of a job.
    ...(asksByJob ? {} : { ACTIONS_ID_TOKEN_REQUEST_URL: issuer.requestUrl }),
    ...env,
  }
}

function argumentsOf(
  directory: string,
  name: string,
  env: Readonly<Record<string, string>>,
  { issuer, event, token, keepers = [] }: RunOptions,
): readonly string[] {
  const payload = join(directory, 'event.json')
  if (event) writeFileSync(payload, JSON.stringify(event.payload))
  return [
    ...(event ? [event.name, `--eventpath=${payload}`] : ['push']),
    ...(token === undefined ? [] : [`--secret=GITHUB_TOKEN=${token}`]),
    ...keepers.map((keeper) => `--local-repository=${keeper}=${join(HERE, 'kept')}`),
    '--no-cache-server',
    `--workflows=.github/workflows/${name}.yml`,
    '--platform=ubuntu-latest=-self-hosted',
    '--platform=ubuntu-24.04=-self-hosted',
    `--local-repository=acme/dbt-oidc@v1=${makeAction(directory)}`,
    `--local-repository=acme/observer@v1=${join(HERE, 'observer')}`,
    `--var=ISSUER=${issuer.serverUrl}`,
    ...Object.entries(env).map(([key, value]) => `--env=${key}=${value}`),
  ]
}

// No more than what a runner downloads and runs: an import of anything else would fail.
function makeAction(directory: string): string {
  const action = join(directory, 'dbt-oidc')
  mkdirSync(action)
  for (const part of ['action.yml', 'dist']) cpSync(join(ROOT, part), join(action, part), { recursive: true })
  return action
}

function makeRepository(
  directory: string,
  workflow: string,
  { policy = POLICY, workflows, files = {} }: RunOptions,
): string {
  const repository = join(directory, 'shop')
  cpSync(join(ROOT, 'demo', 'project'), repository, { recursive: true })
  mkdirSync(join(repository, '.github', 'workflows'), { recursive: true })
  writeFileSync(join(repository, '.github', 'dbt-oidc.yml'), policy)
  const own = `${workflow}.yml`
  for (const [file, text] of Object.entries(
    workflows ?? { [own]: readFileSync(join(HERE, 'workflows', own), 'utf8') },
  ))
    writeFileSync(join(repository, '.github', 'workflows', file), text)
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(repository, file)), { recursive: true })
    writeFileSync(join(repository, file), text)
  }
  git(repository, 'init', '--quiet', '--initial-branch=main')
  // act takes the name of the repository from here; nothing is ever fetched.
  git(repository, 'remote', 'add', 'origin', 'https://github.com/acme/shop.git')
  git(repository, 'add', '--all')
  git(
    repository,
    '-c',
    'user.name=ada',
    '-c',
    'user.email=ada@example.com',
    'commit',
    '--quiet',
    '-m',
    'The shop',
  )
  return repository
}

function git(cwd: string, ...args: readonly string[]): void {
  const env = { PATH: process.env.PATH, HOME: cwd, GIT_CONFIG_NOSYSTEM: '1' }
  const { status, stderr } = spawnSync('git', args, { cwd, encoding: 'utf8', env })
  if (status !== 0) throw new Error(`git ${args[0]} failed: ${stderr}`)
}

function ranOf(directory: string, folder: string, ended: Pick<Ran, 'exitCode' | 'log'>): Ran {
  const record = (name: string): string => {
    const path = join(folder, name)
    return existsSync(path) ? readFileSync(path, 'utf8') : ''
  }
  return {
    ...ended,
    record,
    kept: () => filesBelow(join(folder, 'kept')),
    outputs: (name = 'outputs.json') => parseRecord(record(name)),
    after: (job = 'job') => z.array(z.string()).parse(JSON.parse(record(`${job}-after.json`))),
    [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }),
  }
}

function filesBelow(directory: string): readonly string[] {
  if (!existsSync(directory)) return []
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .toSorted((a, b) => (a < b ? -1 : 1))
}
