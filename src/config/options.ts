import { isAbsolute, relative, resolve, sep } from 'node:path'
import { nearestClaim } from '../claim-names.ts'
import { dbtEnvironment } from '../dbt/environment.ts'
import { nearest } from '../nearest.ts'
import { above } from './above.ts'
import { INPUTS, type InputName } from './inputs.ts'
import type { Problems } from './problems.ts'
import type { Sources } from './sources.ts'

export const UNTIL = ['claims', 'grant', 'exchange', 'profile'] as const
export type Until = (typeof UNTIL)[number]

export const KEEP_ALIVE = ['auto', 'proxy', 'off'] as const
export type KeepAliveOption = (typeof KEEP_ALIVE)[number]

export const WITHOUT_TOKEN = ['fail', 'skip', 'parse'] as const
export type WithoutToken = (typeof WITHOUT_TOKEN)[number]

/** The inputs that say how, not who. */
export interface Options {
  readonly until: Until | undefined
  readonly withoutToken: WithoutToken
  /** Absolute. */
  readonly projectDir: string
  readonly install: string | undefined
  /** Absolute: where the artifacts of an earlier run are. */
  readonly state: string | undefined
  /** Absolute: where the artifacts of this run are copied to. */
  readonly artifactsDir: string | undefined
  readonly keepAlive: KeepAliveOption
  /** One login before dbt starts tells who we are. */
  readonly preflight: boolean
  readonly exportEnv: boolean
  readonly summary: boolean
  /** One comment on the pull request, kept up to date. */
  readonly comment: boolean
  readonly outputCredential: boolean
  readonly auditLog: string | undefined
  readonly env: readonly string[]
}

/** One input, trimmed; undefined where it is absent or empty. */
export function input(sources: Sources, name: InputName): string | undefined {
  const text = sources.inputs.get(name)?.trim()
  return text === '' ? undefined : text
}

/** One input as it was written, for YAML, in which the spaces and lines in front have a say. */
export function block(sources: Sources, name: InputName): string | undefined {
  return input(sources, name) === undefined ? undefined : sources.inputs.get(name)
}

/** How an input is called in a message. */
export function placeOfInput(name: InputName): string {
  return `input "${name}"`
}

/** Inputs that action.yml does not declare are errors: the runner only warns, and a typo would be silently ignored. */
export function checkNames(sources: Sources, problems: Problems): void {
  for (const [name, value] of unknown(sources)) {
    const near = meantBy(name, value)
    problems.add(
      `input "${name}"`,
      `This action has no such input${above(name, INPUTS) ?? (near ? `; did you mean \`${near}\`?` : '.')}`,
    )
  }
}

/** The inputs that were meant by those that do not exist, of which {@link checkNames} speaks: they are not missing. */
export function meantInputs(sources: Sources): ReadonlySet<string> {
  const meant = unknown(sources).flatMap(([name, value]) => meantBy(name, value)?.split(':', 1) ?? [])
  return new Set(meant)
}

function unknown({ inputs }: Sources): readonly (readonly [string, string])[] {
  return [...inputs].filter(([name, value]) => !(INPUTS as readonly string[]).includes(name) && value !== '')
}

/** The input that was meant, with its value where it is a claim that another input takes. */
function meantBy(name: string, value: string): string | undefined {
  return nearest(name, INPUTS) ?? meantByClaim(name, value)
}

/** The input by which a claim is given, where the name is that of a claim or of something that people call one. */
function meantByClaim(name: string, value: string): string | undefined {
  const claim = nearestClaim(name)
  if (claim === undefined) return undefined
  // Whatever else stands in an unknown input may be a secret, and is not repeated.
  if (claim.startsWith('ref:')) return /^[\w./-]+$/.test(value) ? claim.replace('NAME', value) : claim
  return (INPUTS as readonly string[]).includes(claim) ? claim : `claims: "{ ${claim}: … }"`
}

/** Reads the inputs that say how. */
export function readOptions(sources: Sources, problems: Problems): Options {
  return {
    until: oneOf('until', UNTIL, sources, problems),
    withoutToken: oneOf('without-token', WITHOUT_TOKEN, sources, problems) ?? 'fail',
    projectDir: directory('project-dir', sources, problems) ?? sources.workspace,
    install: input(sources, 'install'),
    state: directory('state', sources, problems),
    artifactsDir: directory('artifacts-dir', sources, problems),
    keepAlive: oneOf('keep-alive', KEEP_ALIVE, sources, problems) ?? 'auto',
    preflight: flag('preflight', sources, problems),
    exportEnv: flag('export-env', sources, problems),
    summary: flag('summary', sources, problems),
    comment: flag('comment', sources, problems),
    outputCredential: flag('output-credential', sources, problems),
    auditLog: auditLog(sources),
    env: names(sources, problems),
  }
}

function oneOf<T extends string>(
  name: InputName,
  allowed: readonly T[],
  sources: Sources,
  problems: Problems,
): T | undefined {
  const text = input(sources, name)
  const found = allowed.find((one) => one === text)
  if (text !== undefined && found === undefined) {
    const near = nearest(text, allowed)
    problems.add(
      placeOfInput(name),
      `\`${text}\` is none of ${allowed.join(', ')}${near ? `; did you mean \`${near}\`?` : '.'}`,
    )
  }
  return found
}

/** The YAML 1.2 booleans, as `core.getBooleanInput` reads them. */
function flag(name: InputName, sources: Sources, problems: Problems): boolean {
  const text = input(sources, name)
  if (text === undefined || /^(?:false|False|FALSE)$/.test(text)) return false
  if (/^(?:true|True|TRUE)$/.test(text)) return true
  problems.add(placeOfInput(name), `\`${text}\` is neither \`true\` nor \`false\`.`)
  return false
}

/** A directory below the workspace; an absolute path is taken as meant. */
export function directory(name: InputName, sources: Sources, problems: Problems): string | undefined {
  const text = input(sources, name)
  if (text === undefined) return undefined
  const path = resolve(sources.workspace, text)
  if (!isAbsolute(text) && leaves(sources.workspace, path)) {
    problems.add(placeOfInput(name), `\`${text}\` leads out of the workspace.`)
  }
  return path
}

/** Whether a path is not below a directory. */
export function leaves(directory: string, path: string): boolean {
  const way = relative(directory, path)
  return way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way)
}

function auditLog(sources: Sources): string | undefined {
  const text = input(sources, 'audit-log')
  return text === undefined ? undefined : resolve(sources.workspace, text)
}

function names(sources: Sources, problems: Problems): readonly string[] {
  const found = (input(sources, 'env') ?? '').split(/[\s,]+/).filter((name) => name !== '')
  const values = found.filter((name) => name.includes('='))
  if (values.length > 0) {
    problems.add(
      placeOfInput('env'),
      'Name variables only; their values come from the step (`env:` of the step or job).',
    )
  }
  for (const problem of namesProblems(found.filter((name) => !values.includes(name))))
    problems.add(placeOfInput('env'), problem.replace(/^Input "env": /, ''))
  return found
}

/** What is wrong with the names alone, in the words of the one place that decides what dbt may see. */
function namesProblems(names: readonly string[]): readonly string[] {
  const steering = { target: '', projectDir: '' }
  return dbtEnvironment({ env: {}, names, steering, workspace: '/', nowhere: '/', carried: {} }).problems
}
