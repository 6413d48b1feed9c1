import { jsonIn } from '../json.ts'
import { visible } from '../policy/visible.ts'
import { auditRecordSchema, type AuditRecord } from '../report/audit-record.ts'

/** What stands in an audit log. */
export interface AuditLog {
  readonly records: readonly AuditRecord[]
  /** Lines that are no record, each with its file, its number and the reason. */
  readonly faults: readonly string[]
}

/** Reads an audit log (JSON Lines). A line that is none of its records, such as one that a killed job began, is named. */
export function readAudit(text: string, name: string): AuditLog {
  const records: AuditRecord[] = []
  const faults: string[] = []
  for (const [at, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue
    const { success, data } = auditRecordSchema.safeParse(jsonIn(line))
    if (success) records.push(data)
    else faults.push(`${visible(name)}:${at + 1} is no record of the action's audit log.`)
  }
  return { records, faults }
}

/** Several logs as one, in the order of time, each record once however often its file was given. */
export function together(logs: readonly AuditLog[]): AuditLog {
  const once = new Map(
    logs.flatMap(({ records }) => records).map((record) => [JSON.stringify(record), record]),
  )
  return {
    records: [...once.values()].toSorted((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0)),
    faults: logs.flatMap(({ faults }) => faults),
  }
}
