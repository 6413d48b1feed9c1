import { join } from 'node:path'
import { auditPath, keep } from './audit.ts'
import type { Told as Comment } from './comment.ts'
import type { Config } from './config.ts'
import type { Host } from './host.ts'
import { annotate, scrubOf, tellFailure, tellSignal } from './publish/failures.ts'
import { factsOf, failureSummary, summary, tell } from './publish/summaries.ts'
import { runRecord, type RunResult } from './report/audit.ts'
import { annotationOf, failureLines, failureOf } from './report/failure.ts'
import { TOLD_OUTPUTS, outputsOf, outputsOfFailure, resultOf, type Outputs } from './report/outputs.ts'
import type { Report } from './report/report.ts'
import { idleWarnings } from './report/idle.ts'
import { say } from './report/say.ts'
import type { Stop } from './report/stop.ts'
import type { Tokenless } from './report/summary.ts'
import type { Known } from './run.ts'

/** What publishing needs beside the report itself. */
export interface Publication {
  /** Undefined where not even the configuration could be read. */
  readonly config: Config | undefined
  readonly host: Host
  readonly known: Known
  /** `performance.now()` at the start of the step. */
  readonly started: number
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
