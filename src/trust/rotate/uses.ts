import { readAudit } from '../../audit/read.ts'
import { fail } from '../../errors.ts'
import { visible } from '../../policy/visible.ts'
import type { TokenRecord } from '../../report/audit-record.ts'

/** What tells the old from the new in the audit log. */
export interface Agreement {
  readonly audience: string
  /** As the audit log has it: a role ARN, a service account, a client id; absent where it is not what changes. */
  readonly identity?: string
}

/** A use of the old agreement that stands in the way of its end. */
export interface OldUse {
  readonly time: Date
  /** Who: repository, ref and run. */
  readonly who: string
  /** It began before anybody used the new one, and may still be running. */
  readonly started: boolean
}

/** What the audit logs say of a target. */
export interface Uses {
  /** Nothing within the quiet time, and of nobody who has not used the new one since. */
  readonly old: readonly OldUse[]
  /** How often the new one was used, and since when. */
  readonly fresh: number
  readonly since: Date | undefined
}

/** The token records of an audit log. Throws `configuration` with the line that is no record. */
export function tokenRecords(text: string, name: string): readonly TokenRecord[] {
  const { records, faults } = readAudit(text, name)
  const [problem] = faults
  if (problem === undefined) return records.filter((one) => one.record === 'token')
  return fail({
    code: 'configuration',
    problem,
    remedy: 'Give the files that the output `audit-log` names, as they were written.',
  })
}

/**
 * Who still uses the old agreement of a target: whoever did so after the first use of the new one, and whoever did so
 * within `quiet` milliseconds before `now`, whose run may live on.
 */
export function usesOf(
  records: readonly TokenRecord[],
  {
    target,
    old,
    fresh,
    now,
    quiet,
  }: {
    readonly target: string
    readonly old: Agreement
    readonly fresh: Agreement
    readonly now: Date
    readonly quiet: number
  },
): Uses {
  const bought = records.filter((one) => one.target === target && one.use !== 'decision')
  const news = bought.filter((one) => isOf(one, fresh))
  const since = news.map(({ time }) => Date.parse(time)).toSorted((a, b) => a - b)[0]
  const olds = bought.filter((one) => isOf(one, old)).map((one) => ({ one, at: Date.parse(one.time) }))
  // A branch that came late has moved, too, once it has used the new one.
  const moved = (one: TokenRecord, at: number): boolean =>
    news.some((other) => placeOf(other) === placeOf(one) && Date.parse(other.time) > at)
  return {
    old: olds
      .filter(
        ({ one, at }) => (since !== undefined && at > since && !moved(one, at)) || at > now.getTime() - quiet,
      )
      .map(({ one, at }) => ({
        time: new Date(at),
        who: whoOf(one),
        started: since === undefined || at <= since,
      })),
    fresh: news.length,
    since: since === undefined ? undefined : new Date(since),
  }
}

function isOf({ claims, identity }: TokenRecord, agreement: Agreement): boolean {
  const same = agreement.identity === undefined || identity === agreement.identity
  return same && claims.aud === agreement.audience
}

function placeOf({ claims: { repository, ref } }: TokenRecord): string {
  return JSON.stringify([repository, ref])
}

function whoOf({ claims: { repository, ref, run_id: run } }: TokenRecord): string {
  return visible([repository ?? '?', ref ?? '?', `run ${run ?? '?'}`].join(' '))
}
