import { OUTPUTS, type OutputName } from '../config/inputs.ts'
import type { Decision } from '../policy.ts'
import type { RunResult } from './audit.ts'
import type { AccessFacts, Report } from './report.ts'

/** Outputs that tell of the run, in the order of action.yml; the credential itself is handed out elsewhere. */
export type ToldOutput = Exclude<OutputName, 'credential'>

/** Their names. */
export const TOLD_OUTPUTS = OUTPUTS.filter((name) => name !== 'credential')

/** Outputs that have a value; the others stay unset, which a workflow reads as empty. */
export type Outputs = Readonly<Partial<Record<ToldOutput, string>>>

/** What a run got to know, as far as it came. */
export interface Known {
  readonly decision?: Decision | undefined
  readonly access?: AccessFacts | undefined
}

/** Where things lie, as absolute paths; undefined for what there is not. */
export interface Places {
  readonly profilesDir?: string | undefined
  readonly runResults?: string | undefined
  readonly artifactsDir?: string | undefined
  readonly auditLog?: string | undefined
}

/** The outputs of a run that came to its last word; `until` is the word after which it was to stop, if any. */
export function outputsOf(report: Known & Pick<Report, 'result'>, places: Places, until?: string): Outputs {
  return told(report, resultOf(report, until), places)
}

/** The outputs of a run that was refused or broke: what it got to know before is told, and it is never without a verdict. */
export function outputsOfFailure(known: Known, places: Places): Outputs {
  return { granted: 'false', ...told(known, 'failure', places) }
}

/** What became of the run, in one word. */
export function resultOf(report: Pick<Report, 'result'>, until?: string): RunResult {
  if (!report.result) return until === undefined ? 'prepared' : 'stopped'
  return report.result.ok ? 'success' : 'failure'
}

function told(known: Known, result: RunResult, places: Places): Outputs {
  const { access, decision } = known
  const values: Readonly<Record<ToldOutput, string | undefined>> = {
    'profiles-dir': places.profilesDir,
    target: access?.target ?? decision?.grant?.target,
    grant: decision?.grant?.name,
    granted: decision && String(decision.granted),
    identity: access?.identity,
    'expires-at': expiresAt(access),
    result,
    'run-results': places.runResults,
    'artifacts-dir': places.artifactsDir,
    'audit-log': places.auditLog,
  }
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined && value !== ''))
}

function expiresAt(access: AccessFacts | undefined): string | undefined {
  return access?.expiresAt?.toISOString()
}
