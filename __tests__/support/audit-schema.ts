import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import { auditSchema } from '../../scripts/generate/audit-schema.ts'

let validate: ValidateFunction | undefined

/** The records of an audit log, each valid under the published schema and without a field that it does not name. */
export function auditRecords(text: string): Record<string, unknown>[] {
  validate ??= new Ajv2020({ strict: true, allErrors: true }).compile(JSON.parse(auditSchema(true)) as object)
  const lines = text.split('\n').filter((line) => line !== '')
  return lines.map((line) => {
    const record = JSON.parse(line) as Record<string, unknown>
    if (validate?.(record)) return record
    throw new Error(
      `the audit log holds what its schema does not: ${line} ${JSON.stringify(validate?.errors)}`,
    )
  })
}
