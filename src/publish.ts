import { join } from 'node:path'
import { auditPath, keep } from './audit.ts'
import type { Told as Comment } from './comment.ts'
import type { Config } from './config.ts'
import { projectPath, type Host } from './host.ts'
import { failed, type LineResult } from './dbt/result.ts'
import { DbtOidcError } from './errors.ts'
import type { Annotation } from './report/annotations.ts'
import { runRecord, type RunResult } from './report/audit.ts'
import { called } from './report/called.ts'
import { decisionMarkdown } from './report/decision.ts'
import { annotationOf, failureLines, failureOf } from './report/failure.ts'
import { TOLD_OUTPUTS, outputsOf, outputsOfFailure, resultOf, type Outputs } from './report/outputs.ts'
import type { Report, RunFacts } from './report/report.ts'
import { idleWarnings } from './report/idle.ts'
import { say } from './report/say.ts'
import type { Stop } from './report/stop.ts'
import type { Tokenless } from './report/summary.ts'
import { Denied, type Known } from './run.ts'

/** What publishing needs beside the report itself. */
export interface Publication {
  /** Undefined where not even the configuration could be read. */
  readonly config: Config | undefined
  readonly host: Host
  readonly known: Known
  /** `performance.now()` at the start of the step. */
  readonly started: number
}

/** What a failure says, without secrets and with a call that can be pasted. */
function scrubOf({ writer, env, inWords }: Host): (text: string) => string {
  return (text) => called(inWords ? {} : env, writer.scrub(text))
}

/** GitHub shows 10 annotations of a kind for each step. */
const ROOM = 10

/** Tells a run that came to its last word: annotations, summary, outputs, audit. Returns whether it succeeded. */
export async function publish(
  report: Report,
  publication: Publication & { readonly config: Config },
): Promise<boolean> {
  const { config, host, known } = publication
  const facts = factsOf(publication)
  const result = resultOf(report, config.until)
  const warnings = [...config.warnings, ...report.warnings, ...idleWarnings(report.result)]
  for (const warning of warnings.slice(0, ROOM - 1)) host.writer.warning(warning, { title: 'dbt-oidc' })
  const room = { error: ROOM - 1, warning: Math.max(1, ROOM - warnings.length) }
  if (report.result) {
    const { annotations } = await import('./report/annotations.ts')
    for (const one of annotations(report.result, facts, room)) annotate(host, one)
  }
  for (const line of report.result?.lines ?? []) {
    tellSignal(line, host)
    tellFailure(line, host)
  }
  const stop = stopOf(config)
  if (stop) await showStop(report, stop, host)
  if (config.summary) await summary(report, stop, publication)
  if (report.result) await comment({ result: report.result }, publication)
  setOutputs(
    host,
    outputsOf(report, { ...placesOf(config, known), auditLog: auditPath(config, host) }, config.until),
  )
  await record(publication, report, result)
  say(host, 'report', `${result} in ${((performance.now() - publication.started) / 1000).toFixed(1)} s`)
  return result !== 'failure'
}

/** Tells a run that was refused or broke; never throws, since nobody is left to catch. */
export async function publishFailure(error: unknown, publication: Publication): Promise<void> {
  const { config, host, known } = publication
  const scrub = scrubOf(host)
  for (const line of failureLines(error, { colour: host.colour, scrub })) host.writer.line(line)
  annotate(host, annotationOf(error, scrub))
  try {
    if (config?.summary !== false) await tell(host, await failureSummary(error, publication))
    await comment({ failed: failureOf(error, scrub).code }, publication)
    // The log begins with the decision; before that there is no file to name.
    const auditLog = config && known.decision ? auditPath(config, host) : undefined
    const places = config ? { ...placesOf(config, known), auditLog } : {}
    setOutputs(host, outputsOfFailure(known, places))
    const { claims, decision } = known
    if (claims && decision)
      await record(
        publication,
        { claims, decision, access: known.access, result: known.result },
        'failure',
        error,
      )
  } catch (second) {
    for (const line of failureLines(second, { colour: host.colour, scrub })) host.writer.line(line)
  }
}

/** Tells a run that can have no token and was to go on without. */
export async function publishTokenless(
  what: Tokenless,
  why: string,
  { config, host }: { readonly config: Config; readonly host: Host },
): Promise<void> {
  if (!config.summary) return
  const { summariseTokenless } = await import('./report/summary.ts')
  await tell(host, summariseTokenless(what, why, factsOf({ config, host })))
}

async function failureSummary(error: unknown, publication: Publication): Promise<string> {
  const { policyMarkdown } = await import('./report/sections.ts')
  const { summariseDenial, summariseFailure } = await import('./report/summary.ts')
  const facts = factsOf(publication)
  if (error instanceof Denied)
    return summariseDenial(
      `${policyMarkdown(publication.config?.policy)}${decisionMarkdown(error.decision)}`,
      facts,
    )
  return summariseFailure(failureOf(error, scrubOf(publication.host)), facts)
}

async function summary(report: Report, stop: Stop | undefined, publication: Publication): Promise<void> {
  const { config, host } = publication
  const found = stop && (await import('./report/stop.ts')).stopMarkdown(report, stop)
  const options = stop ? { until: stop.until, ...(found === undefined ? {} : { found }) } : {}
  const warnings = [...(config?.warnings ?? []), ...report.warnings]
  const told = { ...report, warnings, policy: config?.policy }
  const { summarise } = await import('./report/summary.ts')
  await tell(host, summarise(told, factsOf(publication), options))
}

/** Only of what was to run dbt: a step that prepares or asks has nothing to tell to a pull request. */
async function comment(told: Comment, publication: Publication): Promise<void> {
  const { config, host, known } = publication
  if (!config?.comment || config.commands.length === 0 || config.until !== undefined || !known.claims) return
  const { keepComment } = await import('./comment.ts')
  const { asked } = config
  const target = known.access?.target ?? known.decision?.grant?.target ?? asked ?? ''
  await keepComment(told, { facts: factsOf(publication), asked, target }, known.claims, host)
}

function stopOf({ until, origin }: Config): Stop | undefined {
  return until && { until, form: origin === 'inputs' ? 'inputs' : 'policy' }
}

async function showStop(report: Report, stop: Stop, host: Host): Promise<void> {
  const { stopLines } = await import('./report/stop.ts')
  host.writer.group(`dbt-oidc: until ${stop.until}`)
  for (const line of stopLines(report, stop, { colour: host.colour })) host.writer.line(line)
  host.writer.endGroup()
}

function tellSignal({ command, signal }: LineResult, host: Host): void {
  if (signal === undefined) return
  const memory =
    signal === 'SIGKILL'
      ? ' On a runner that is mostly the want of memory: fewer `threads`, or a larger runner.'
      : ''
  host.writer.error(`${command} was ended by ${signal}.${memory}`, { title: 'dbt-oidc: dbt-killed' })
}

/** In the log always; as an annotation only where no node of dbt's has its own. */
function tellFailure({ failure, artifacts }: LineResult, host: Host): void {
  if (!failure) return
  const scrub = scrubOf(host)
  const error = new DbtOidcError(failure)
  for (const line of failureLines(error, { colour: host.colour, scrub })) host.writer.line(line)
  if (failure.code !== 'dbt' || !artifacts?.nodes.some(failed)) annotate(host, annotationOf(error, scrub))
}

function annotate(host: Host, { level, message, ...place }: Annotation): void {
  if (host.inWords) return
  host.writer[level](message, place)
}

/** A summary that cannot be written is worth a warning; the run is what matters. */
async function tell(host: Host, markdown: string): Promise<void> {
  try {
    await host.summary(host.writer.scrub(markdown))
  } catch {
    host.writer.warning('The job summary could not be written.', { title: 'dbt-oidc' })
  }
}

function setOutputs(host: Host, outputs: Outputs): void {
  for (const name of TOLD_OUTPUTS) {
    const value = outputs[name]
    if (value !== undefined) host.output(name, value)
  }
}

async function record(
  { config, host, started }: Publication,
  report: Pick<Report, 'claims' | 'decision' | 'access' | 'result'>,
  result: RunResult,
  error?: unknown,
): Promise<void> {
  if (!config) return
  const seconds = (performance.now() - started) / 1000
  const code = error === undefined ? undefined : failureOf(error, host.writer.scrub).code
  await keep(
    config,
    host,
    runRecord(report, { time: host.now(), result, seconds, error: code, policy: config.policy }),
  )
}

function factsOf({ config, host }: Pick<Publication, 'config' | 'host'>): RunFacts {
  return { ...host.facts, projectPath: config ? projectPath(host.workspace, config.projectDir) : '' }
}

function placesOf(
  config: Config,
  known: Known,
): { profilesDir?: string; runResults?: string; artifactsDir?: string } {
  return {
    ...(known.profilesDir === undefined ? {} : { profilesDir: known.profilesDir }),
    ...(known.targetPath === undefined ? {} : { artifactsDir: config.artifactsDir ?? known.targetPath }),
    ...(known.targetPath !== undefined && wroteResults(known)
      ? { runResults: join(known.targetPath, 'run_results.json') }
      : {}),
  }
}

function wroteResults({ result }: Known): boolean {
  return result?.lines.some(({ artifacts }) => artifacts !== null) ?? false
}
