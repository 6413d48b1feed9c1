import * as z from 'zod/mini'
import { auditRecordSchema } from '../../src/report/audit-record.ts'

/**
 * The text of schema-audit.json: the JSON schema of one line of the audit log, from the zod object that reads it. It
 * takes fields more, as a later version may write them; `closed` takes none, for the tests of what is written now.
 */
export function auditSchema(closed = false): string {
  const { $schema, ...schema } = z.toJSONSchema(auditRecordSchema, { io: closed ? 'output' : 'input' })
  return `${JSON.stringify({ $schema, title: 'a line of the audit log of dbt-oidc', ...schema }, null, 2)}\n`
}
