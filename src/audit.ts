import { join } from 'node:path'
import type { Trade } from './access/surroundings.ts'
import type { IdToken } from './claims.ts'
import type { Config } from './config.ts'
import { wantOf, type Target } from './config/target.ts'
import type { Code } from './errors.ts'
import type { Host } from './host.ts'
import { isUnanswered } from './retry.ts'
import type { Decision } from './policy.ts'
import { auditLine, tokenRecord, type Outcome, type TokenUse } from './report/audit.ts'
import type { AuditRecord } from './report/audit-record.ts'

/** The audit log of a run: one line for each use of a token. */
export interface Audit {
  trade(target: Target, trade: Trade): Promise<void>
}

/** Where the audit lines go: outside the private directory, which does not outlive the job. */
export function auditPath(config: Pick<Config, 'auditLog'>, host: Pick<Host, 'temp'>): string {
  return config.auditLog ?? join(host.temp, 'dbt-oidc-audit.jsonl')
}

/** Opens the log with the line of the decision token. */
export async function openAudit(
  config: Config,
  host: Host,
  token: IdToken,
  decision: Decision,
): Promise<Audit> {
  const { now } = host
  const append = (record: AuditRecord): Promise<void> => keep(config, host, record)
  const verdict = decision.granted ? 'granted' : 'denied'
  const grant = decision.grant?.name
  const target = decision.grant?.target ?? decision.asked
  const common = { decision: verdict, grant, target, policy: config.policy } as const
  await append(
    tokenRecord({
      ...common,
      ...digest(token),
      time: now(),
      use: 'decision',
      outcome: verdict,
    }),
  )
  return auditOf(common, { now, append })
}

/** What every line of a run says of its decision. */
export type Verdict = Pick<TokenUse, 'decision' | 'grant' | 'target' | 'policy'>

/** The lines that follow that of the decision. */
export function auditOf(
  common: Verdict,
  { now, append }: { readonly now: () => Date; readonly append: (record: AuditRecord) => Promise<void> },
): Audit {
  return {
    async trade(to, { tokens, use, expiresAt, outcome, errorCode, trades = to.acceptance.trades }) {
      for (const one of tokens) {
        const access = {
          warehouse: to.warehouse.type,
          via: to.via,
          identity: to.exchange.identity(wantOf(to), one.claims),
        }
        const record = tokenRecord({
          ...common,
          ...digest(one),
          time: now(),
          use,
          outcome: outcomeOf(trades, outcome, errorCode),
          access,
          trades,
          expiresAt,
          error: errorCode,
        })
        await append(record)
      }
    },
  }
}

/** The one line of a run that only shows the claims of its token (`until: claims`). */
export async function recordShown(config: Config, host: Host, token: IdToken): Promise<void> {
  const use = { ...digest(token), time: host.now(), use: 'decision', outcome: 'shown' } as const
  await keep(config, host, tokenRecord({ ...use, target: config.asked }))
}

/** Appends one record; an audit log that cannot be written ends the run, since what is not on record must not happen. */
export async function keep(config: Config, host: Host, record: AuditRecord): Promise<void> {
  await host.append(auditPath(config, host), auditLine(record))
}

function digest({ claims, sha256 }: IdToken): Pick<IdToken, 'claims' | 'sha256'> {
  return { claims, sha256 }
}

type Trader = NonNullable<Trade['trades']>

function outcomeOf(trades: Trader, outcome: Trade['outcome'], error: Code | undefined): Outcome {
  if (outcome === 'exchanged') return trades === 'driver' ? 'handed-over' : 'exchanged'
  return error === 'exchange'
    ? 'refused'
    : error !== undefined && isUnanswered(error)
      ? 'unavailable'
      : 'failed'
}
