import type { Warehouse } from '../warehouse.ts'
import type { Fields } from './outputs.ts'
import { isPlaceholder, placeholderFor, type Placeholder } from './placeholder.ts'
import { profileValue, variablesIn, type Scope } from './value.ts'

/** A dbt output without its credentials, and what became of each field. */
export interface Connection {
  readonly fields: Fields
  /** Fields with credentials, which are needed no more. */
  readonly dropped: readonly string[]
  /** Variables that only the fields of this output read. */
  readonly variables: readonly string[]
  readonly notes: readonly string[]
}

/** The output as a target of the policy says it: literal values, placeholders where the files do not tell. */
export function connectionOf(warehouse: Warehouse, output: Fields, scope: Scope): Connection {
  const credentials = new Set([...warehouse.credentialFields, ...warehouse.widening])
  const dropped: string[] = []
  const variables: string[] = []
  const take = (fields: Fields, prefix: string): Fields =>
    Object.fromEntries(
      Object.entries(fields).flatMap(([name, value]) => {
        const path = `${prefix}${name}`
        if (typeof value === 'string') variables.push(...variablesIn(value))
        if (!credentials.has(path)) return [[name, settled(value, path)] as const]
        dropped.push(path)
        return []
      }),
    )
  const settled = (value: unknown, path: string): unknown => {
    if (typeof value === 'string') return valueOf(value, path)
    if (Array.isArray(value))
      return value.map((one: unknown) => (isMap(one) ? take(one, `${path}.`) : settled(one, path)))
    return isMap(value) ? take(value, `${path}.`) : value
  }
  const valueOf = (source: string, path: string): string | number | boolean | Placeholder => {
    const told = profileValue(source, scope)
    if ('unknown' in told) return placeholderFor(warehouse.type, path, told.unknown.source)
    if (isSecret(path, told.text)) return placeholderFor(warehouse.type, path, SECRET)
    // What dbt reads from an expression is text, unless it is written as a number: `port` and `threads` are none.
    return source !== told.text && /^\d{1,9}$/.test(told.text) && /port|threads|retries|timeout/.test(path)
      ? Number(told.text)
      : told.text
  }
  return { ...adjusted(warehouse.type, take(output, '')), dropped, variables }
}

const SECRET = 'what looked like a secret, and does not belong into a policy'

/** Whether a value looks like one that nobody else should read: by its key, as a login in an address, or as a pair. */
function isSecret(path: string, text: string): boolean {
  const key = path.slice(path.lastIndexOf('.') + 1)
  return (
    /pass(?:word|code|phrase)?$|secret|token$|authorization|private_key|api_?key/i.test(key) ||
    /:\/\/[^/\s@]*:[^/\s@]+@/.test(text) ||
    /(?:password|pwd|token|secret|authorization)\s*[=:]\s*\S/i.test(text)
  )
}

/** What the new way asks of a connection that the old one did not have, or had otherwise. */
function adjusted(type: string, fields: Fields): Pick<Connection, 'fields' | 'notes'> {
  if (type === 'databricks' && !('client_id' in fields))
    return { fields: { ...fields, client_id: placeholderFor(type, 'client_id', PRINCIPAL) }, notes: [] }
  return type === 'redshift' ? ofRole(fields) : { fields, notes: [] }
}

const PRINCIPAL = 'the application id of a service principal, in place of the token’s owner'

/** A cluster takes the user with a login of IAM; a serverless workgroup knows the role alone. */
function ofRole({ user, ...fields }: Fields): Pick<Connection, 'fields' | 'notes'> {
  const host = isPlaceholder(fields['host']) ? fields['host'].placeholder : fields['host']
  const serverless = typeof host === 'string' && host.includes('.redshift-serverless.')
  if (!serverless && user !== undefined) return { fields: { ...fields, user, method: 'iam' }, notes: [] }
  const notes =
    typeof user === 'string'
      ? [
          `Redshift Serverless knows a role as the user IAMR:ROLE: \`dbt-oidc trust\` gives it the rights, and what belongs to ${user} stays with that user.`,
        ]
      : []
  return { fields: { ...fields, method: 'iam_role' }, notes }
}

function isMap(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isPlaceholder(value)
}
