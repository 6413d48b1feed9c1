import type { Claims } from '../claims.ts'
import { type DbtResult, mergedNodes } from '../dbt/result.ts'
import type { PolicyFacts } from '../config/policy-place.ts'
import type { Code } from '../errors.ts'
import type { Decision } from '../policy.ts'
import type { AuditRecord, RunRecord, TokenRecord } from './audit-record.ts'
import type { AccessFacts, Report } from './report.ts'

/** Raised whenever a field changes its meaning or goes away; new fields alone do not raise it. */
export const AUDIT_SCHEMA = 1

/** What became of one token. */
export type Outcome =
  | 'granted' // a decision token that a grant fits
  | 'denied' // a decision token that no grant fits
  | 'shown' // a decision token whose claims were printed, and nothing was decided
  | 'exchanged' // traded by the action for a credential
  | 'handed-over' // given to the driver, which trades it itself
  | 'refused' // the other side said no
  | 'unavailable' // the other side could not be reached
  | 'failed' // something else went wrong before the token could be used

/** One use of one token. */
export interface TokenUse {
  readonly time: Date
  readonly use: 'decision' | 'exchange' | 'keep-alive' | 'revocation'
  readonly outcome: Outcome
  readonly claims: Claims
  /** SHA-256 of the token, lower-case hexadecimal. */
  readonly sha256: string
  /** Absent where nothing was decided. */
  readonly decision?: 'granted' | 'denied' | undefined
  /** Name of the grant; absent for a denial. */
  readonly grant?: string | undefined
  readonly target?: string | undefined
  /** The text that decided. */
  readonly policy?: PolicyFacts | undefined
  readonly access?: Pick<AccessFacts, 'warehouse' | 'via' | 'identity'> | undefined
  readonly trades?: 'action' | 'driver' | undefined
  /** When the credential ends; null where nobody tells. */
  readonly expiresAt?: Date | null | undefined
  readonly error?: Code | undefined
}

/** The claims of GitHub's tokens that a record holds; those of another issuer are the ones that its policy lists. */
export const RECORDED_CLAIMS = [
  'repository',
  'repository_id',
  'repository_owner_id',
  'ref',
  'sha',
  'environment',
  'event_name',
  'actor',
  'actor_id',
  'workflow_ref',
  'job_workflow_ref',
  'run_id',
  'run_attempt',
  'check_run_id',
] as const

// Only what is listed here ever reaches the file: a claim that GitHub adds tomorrow may hold anything.
function who(claims: Claims): TokenRecord['claims'] {
  const { iss, sub, aud, jti } = claims
  // What the policy declares of another issuer is listed as well.
  if (claims.from !== undefined) return { iss, sub, aud, jti, ...Object.fromEntries(claims.all) }
  return {
    iss,
    sub,
    aud,
    jti,
    ...Object.fromEntries(RECORDED_CLAIMS.map((name) => [name, claims.all.get(name) ?? null])),
  }
}

function asWhom(access: TokenUse['access']): Pick<TokenRecord, 'warehouse' | 'via' | 'identity'> {
  if (!access) return { warehouse: null, via: null, identity: null }
  return { warehouse: access.warehouse, via: access.via, identity: access.identity }
}

/** The record of one token use: who, by which grant, as whom, until when, and what came of it. */
export function tokenRecord(use: TokenUse): TokenRecord {
  return {
    schema: AUDIT_SCHEMA,
    record: 'token',
    time: use.time.toISOString(),
    use: use.use,
    outcome: use.outcome,
    error: use.error ?? null,
    decision: use.decision ?? null,
    grant: use.grant ?? null,
    target: use.target ?? null,
    policy: use.policy ?? null,
    ...asWhom(use.access),
    trades: use.trades ?? null,
    expires_at: use.expiresAt?.toISOString() ?? null,
    token_sha256: use.sha256,
    claims: who(use.claims),
  }
}

/** How a run ended, in one word: the output `result`. */
export type RunResult =
  | 'success'
  | 'failure'
  | 'prepared' // later steps run dbt
  | 'stopped' // after the word that `until` names
  | 'skipped' // there was no token, and that was to be expected
  | 'parsed' // likewise, after `dbt parse`

/** What a run record needs to know beside the report. */
export interface RunEnd {
  readonly time: Date
  readonly result: RunResult
  /** Of the whole step, in seconds. */
  readonly seconds: number
  readonly error?: Code | undefined
  readonly policy?: PolicyFacts | undefined
}

/** The record of one run; its claims are those by which the token records of the same run are found. */
export function runRecord(
  report: Pick<Report, 'claims' | 'access' | 'result'> & { readonly decision: Decision | undefined },
  end: RunEnd,
): RunRecord {
  const { access, decision, result } = report
  return {
    schema: AUDIT_SCHEMA,
    record: 'run',
    time: end.time.toISOString(),
    result: end.result,
    error: end.error ?? null,
    ...decided(decision),
    policy: end.policy ?? null,
    ...asWhom(access),
    expires_at: access?.expiresAt?.toISOString() ?? null,
    seconds: rounded(end.seconds),
    ...whatRan(result ?? { lines: [], ok: false }),
    claims: who(report.claims),
  }
}

const VERBS = new Set(
  'build clean clone compile debug deps docs freshness init list ls parse retry run run-operation seed show snapshot source test'.split(
    ' ',
  ),
)

// The rest of a command may hold anything, `--vars` above all, and the log's masks do not reach this file.
function verb(command: string): string | null {
  const words = command.split(/\s+/)
  return words.find((word, at) => VERBS.has(word) && !words[at - 1]?.startsWith('--log-level')) ?? null
}

function decided(decision: Decision | undefined): Pick<RunRecord, 'decision' | 'grant' | 'target'> {
  if (!decision) return { decision: null, grant: null, target: null }
  const { granted, grant, asked } = decision
  return {
    decision: granted ? 'granted' : 'denied',
    grant: grant?.name ?? null,
    target: grant?.target ?? asked ?? null,
  }
}

function whatRan(result: DbtResult): Pick<RunRecord, 'dbt_version' | 'invocations' | 'counts'> {
  return {
    dbt_version: result.lines.findLast((line) => line.artifacts)?.artifacts?.dbtVersion ?? null,
    invocations: result.lines.map((line) => ({
      command: verb(line.command),
      invocation_id: line.artifacts?.invocationId ?? null,
      exit_code: line.exitCode ?? null,
      signal: line.signal ?? null,
      seconds: rounded(line.seconds),
    })),
    counts: statuses(result),
  }
}

function statuses(result: DbtResult): Readonly<Record<string, number>> {
  const counts = new Map<string, number>()
  for (const { status } of mergedNodes(result)) counts.set(status, (counts.get(status) ?? 0) + 1)
  return Object.fromEntries([...counts].toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

function rounded(seconds: number): number {
  return Math.round(seconds * 1000) / 1000
}

/**
 * A record as one line of JSON, without its line end. Characters that some reader takes for a line end are escaped,
 * and so is the mark by which the runner finds commands anywhere in a line, should the file ever be printed.
 */
export function auditLine(record: AuditRecord): string {
  return JSON.stringify(record)
    .replace(
      /[\u007f-\u009f\u2028\u2029]/g,
      (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
    )
    .replaceAll('##[', '#\\u0023[')
}
