import { FACTS, type Fact } from '../attribution.ts'
import type { AuditRecord, TokenRecord } from '../report/audit-record.ts'

type Maybe = string | null

/** What one job did with one target: all its tokens of one decision, and how its run ended. */
export interface Reached {
  /** Of the first and of the last record, ISO 8601 in UTC. */
  readonly from: string
  readonly to: string
  readonly target: Maybe
  /** What became of its tokens, each outcome once: a decision is left out where something was bought by it. */
  readonly outcomes: readonly TokenRecord['outcome'][]
  readonly results: readonly string[]
  readonly actor: Maybe
  readonly repository: Maybe
  readonly ref: Maybe
  readonly environment: Maybe
  readonly event: Maybe
  readonly run: Maybe
  readonly attempt: Maybe
  readonly grant: Maybe
  readonly warehouse: Maybe
  readonly via: Maybe
  readonly identity: Maybe
  /** How many tokens were used. */
  readonly tokens: number
  /** When the last credential ends; null where nobody tells. */
  readonly expiresAt: Maybe
  readonly errors: readonly string[]
  /** dbt's own ids, by which the warehouse's history names the run. */
  readonly invocations: readonly string[]
  readonly issuer: string
  readonly subject: string
}

/** Who reached which target when, in the order of time. */
export function reachedBy(records: readonly AuditRecord[]): readonly Reached[] {
  const jobs = Map.groupBy(records, jobOf)
  return [...jobs.values()].map(oneOf).toSorted((a, b) => (a.from < b.from ? -1 : a.from > b.from ? 1 : 0))
}

/** All tokens of a run agree in every claim but those that are new each time: the action itself sees to that. */
function jobOf({ claims, decision, target }: AuditRecord): string {
  const { aud: _aud, jti: _jti, ...same } = claims
  const sorted = Object.entries(same).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return JSON.stringify([sorted, decision, decision === 'granted' ? target : null])
}

function oneOf(records: readonly AuditRecord[]): Reached {
  const tokens = records.filter((one) => one.record === 'token')
  const runs = records.filter((one) => one.record === 'run')
  const all = new Map(Object.entries(records[0]?.claims ?? {}))
  const claim = (fact: Fact): Maybe =>
    FACTS[fact].map((name) => all.get(name)).find((value) => value !== undefined && value !== null) ?? null
  const first = (key: 'target' | 'grant' | 'warehouse' | 'via' | 'identity'): Maybe =>
    records.map((one) => one[key]).find((value) => value !== null) ?? null
  const times = records.map(({ time }) => time).toSorted()
  return {
    from: times[0] ?? '',
    to: times.at(-1) ?? '',
    target: first('target'),
    outcomes: outcomesOf(tokens),
    results: each(runs.map(({ result }) => result)),
    actor: claim('actor'),
    repository: claim('repository'),
    ref: claim('ref'),
    environment: claim('environment'),
    event: claim('event'),
    run: claim('run'),
    attempt: claim('attempt'),
    grant: first('grant'),
    warehouse: first('warehouse'),
    via: first('via'),
    identity: first('identity'),
    tokens: new Set(tokens.map((one) => one.token_sha256)).size,
    expiresAt:
      records
        .flatMap((one) => one.expires_at ?? [])
        .toSorted()
        .at(-1) ?? null,
    errors: each(records.flatMap(({ error }) => error ?? [])),
    invocations: each(
      runs.flatMap(({ invocations }) => invocations.flatMap(({ invocation_id: id }) => id ?? [])),
    ),
    issuer: all.get('iss') ?? '',
    subject: all.get('sub') ?? '',
  }
}

function outcomesOf(tokens: readonly TokenRecord[]): Reached['outcomes'] {
  const bought = tokens.filter(({ use }) => use !== 'decision')
  return each((bought.length > 0 ? bought : tokens).map(({ outcome }) => outcome))
}

function each<T>(values: readonly T[]): readonly T[] {
  return [...new Set(values)]
}
