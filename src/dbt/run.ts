import { mkdir } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import type { Access } from '../access.ts'
import type { Config } from '../config.ts'
import type { Target } from '../config/target.ts'
import { fail } from '../errors.ts'
import type { Host } from '../host.ts'
import { pastProxies } from '../http/proxy.ts'
import { rememberProcess } from '../remains.ts'
import { plain } from '../report/plain.ts'
import { requireAdapter } from './adapter.ts'
import { openArtifacts, type ArtifactReader } from './artifacts.ts'
import { runChild, type ChildResult } from './child.ts'
import { steered, type DbtCommand } from './command.ts'
import { forbidCoreDumps } from './core-dumps.ts'
import { diagnoseDbt } from './diagnosis.ts'
import { dbtEnvironment } from './environment.ts'
import { failureOfLine } from './failure.ts'
import { missingVariables } from './missing.ts'
import { requirePackages } from './packages.ts'
import { requireOwnPlaces } from './places.ts'
import { readProjectFile, type Project } from './project.ts'
import { resolveDbt, type Dbt } from './resolve.ts'
import type { DbtResult, LineResult } from './result.ts'
import type { Exec } from './version-output.ts'

/** Used where dbt_project.yml names no profile; dbt is then told by `--profile`. */
const OWN_PROFILE = 'dbt_oidc'

/** A dbt that has what the target needs, and the project that it will run. */
export interface ReadyDbt {
  readonly project: Project
  readonly profileName: string
  /** Undefined in prepared mode: later steps bring their own. */
  readonly dbt: Dbt | undefined
  /** Programs of the environment that `install` has made. */
  readonly bin: string | undefined
}

/** Finds everything that can be wrong with dbt and the project while nothing has been bought yet. */
export async function prepareDbt(config: Config, target: Target, host: Host): Promise<ReadyDbt> {
  const env = checkedEnvironment(config, target.name, host)
  // With more than dbt sees, an expression in the project could name a secret of the step and have it printed.
  const project = await readProjectFile(config.projectDir, { env, workspace: host.workspace })
  await requireOwnPlaces(project, host)
  const bin =
    config.install === undefined
      ? undefined
      : await (await import('./install.ts')).install(config.install, adaptersOf(config, target), host)
  const ready = { project, profileName: project.profile ?? OWN_PROFILE, bin }
  if (config.commands.length === 0) return { ...ready, dbt: undefined }
  await requirePackages(project, config.commands)
  await requireEarlier(config, project, host)
  // A dbt that is no Python script has to be started to tell its version: as foreign as in the run itself.
  const exec: Exec = (command, args) => host.exec(command, args, { env, cwd: host.temp })
  const adapter = target.warehouse.adapter.package
  const { PATH: path = '', PATHEXT: pathext } = host.env
  const search = { path: bin ?? path, pathext, workspace: host.workspace, adapter, exec }
  const dbt = await resolveDbt(search)
  requireAdapter(dbt, { ...target.warehouse.adapter, via: target.via })
  return { ...ready, dbt }
}

/** An environment is for one target: what only the others need may even want another dbt. */
function adaptersOf({ targets }: Config, target: Target): { own: string; others: ReadonlySet<string> } {
  const all = [...targets.values()].map(({ warehouse }) => warehouse.adapter.package)
  return { own: target.warehouse.adapter.package, others: new Set(all) }
}

function checkedEnvironment(config: Config, target: string, host: Host): Readonly<Record<string, string>> {
  const { env, problems } = dbtEnvironment({
    ...surroundings(config, target, host),
    nowhere: host.temp,
    carried: {},
  })
  if (problems.length === 0) return env
  return fail({
    code: 'configuration',
    problem: 'The environment of the step would steer dbt elsewhere.',
    remedy: 'Take these variables away from the step; the action sets what dbt needs.',
    details: problems,
  })
}

function surroundings(config: Config, target: string, host: Host) {
  const { env, workspace } = host
  return { env, names: config.env, steering: { target, projectDir: config.projectDir }, workspace }
}

/** Throws `project` where the artifacts of the earlier run that the commands refer to are not there. */
export async function requireEarlier(
  { state }: Config,
  { targetPath }: Project,
  { workspace }: Host,
): Promise<void> {
  if (state !== undefined) await (await import('./state.ts')).requireState(state, targetPath, workspace)
}

/** What dbt needs of an access. */
export type Reach = Pick<
  Access,
  'target' | 'directory' | 'env' | 'variable' | 'secrets' | 'explain' | 'pythonPath' | 'onLoopback'
>

/** Runs the lines of `run` one after the other and stops at the first failure. Throws `cancelled`. */
export async function runDbt(config: Config, access: Reach, ready: ReadyDbt, host: Host): Promise<DbtResult> {
  await forbidCoreDumps(process.pid, host.exec)
  const nowhere = join(access.directory.path, 'nowhere')
  await mkdir(nowhere, { mode: 0o700 })
  const artifacts = await openArtifacts(ready.project.targetPath, (text) => host.writer.scrub(plain(text)))
  const { artifactsDir: to } = config
  const copies =
    to === undefined
      ? undefined
      : await (await import('./copies.ts')).openCopies({ from: ready.project.targetPath, to }, host)
  const result = await runLines({ config, access, ready, host, nowhere, artifacts })
  await copies?.make(result)
  return result
}

async function runLines(running: Running): Promise<DbtResult> {
  const lines: LineResult[] = []
  for (const command of running.config.commands) {
    const line = await runLine(command, running)
    lines.push(line)
    if (line.exitCode !== 0) return { lines, ok: false }
  }
  return { lines, ok: true }
}

interface Running {
  readonly config: Config
  readonly access: Reach
  readonly ready: ReadyDbt
  readonly host: Host
  readonly nowhere: string
  readonly artifacts: ArtifactReader
}

async function runLine(command: DbtCommand, running: Running): Promise<LineResult> {
  const { access, config, ready, host, artifacts } = running
  const { target } = access
  const dbt =
    ready.dbt ?? fail({ code: 'internal', problem: 'There is no dbt to run.', remedy: 'Report this fault.' })
  const carried = command.needsCredential ? { ...access.env, ...(await named(access)) } : {}
  const steering = {
    profilesDir: access.directory.path,
    target: target.name,
    ...(ready.project.profile === undefined ? { profile: ready.profileName } : {}),
  }
  // What a line before has unpacked may hold links.
  await requireOwnPlaces(ready.project, host)
  host.writer.group(command.shown)
  const foreign = host.writer.foreign()
  const child = await runChild({
    path: dbt.path,
    argv: steered(command, steering),
    directory: config.projectDir,
    env: environmentOf(carried, running),
    write(bytes, stream) {
      foreign.write(bytes, stream)
      return host.writer.room()
    },
    cancel: host.signal,
    kill: host.kill,
    onStart: (pid) => rememberProcess(host, pid),
  }).finally(() => foreign.end())
  host.writer.endGroup()
  if (host.signal.aborted)
    fail({ code: 'cancelled', problem: 'The job was cancelled while dbt ran.', remedy: 'Run the job again.' })
  if (child.lingered)
    host.writer.warning('A process that dbt had started outlived it and was ended.', { title: 'dbt-oidc' })
  const hint = child.exitCode === 0 ? undefined : missingVariables(child.tail, host.env)
  if (hint) host.writer.error(hint, { title: 'dbt-oidc: a variable is missing' })
  const line = {
    command: host.writer.scrub(command.shown),
    ...ending(child),
    artifacts: await artifacts.next(),
  }
  const { exitCode } = child
  if (exitCode === undefined || exitCode === 0) return line
  const explained =
    (command.needsCredential ? await access.explain(child.tail) : undefined) ?? diagnoseDbt(child.tail)
  return { ...line, failure: failureOfLine({ ...line, exitCode, tail: child.tail, explained }) }
}

function ending({
  exitCode,
  signal,
  seconds,
}: ChildResult): Pick<LineResult, 'exitCode' | 'signal' | 'seconds'> {
  return { exitCode, signal, seconds }
}

async function named(access: Reach): Promise<Readonly<Record<string, string>>> {
  const secrets = Object.entries(await access.secrets())
  return Object.fromEntries(secrets.map(([name, secret]) => [access.variable(name), secret]))
}

function environmentOf(
  carried: Readonly<Record<string, string>>,
  { access, config, host, nowhere }: Running,
): Readonly<Record<string, string>> {
  // Every command knows it by this name, also one that has no such flag.
  const earlier = config.state === undefined ? {} : { DBT_STATE: config.state }
  const given = dbtEnvironment({
    ...surroundings(config, access.target.name, host),
    nowhere,
    carried: { ...carried, ...earlier },
  })
  const { pythonPath, onLoopback } = access
  const env = onLoopback ? { ...given.env, ...pastProxies(given.env) } : given.env
  if (pythonPath === undefined) return env
  const others = env['PYTHONPATH'] === undefined ? [] : [env['PYTHONPATH']]
  return { ...env, PYTHONPATH: [pythonPath, ...others].join(delimiter) }
}
