import * as z from 'zod/mini'
import { dateOf, hasKeys, shaped, span } from '../../trust/export/shape.ts'
import { sql } from '../../trust/quote.ts'
import type { Reader } from '../../trust/reader.ts'
import type { Condition, Statement, Way } from '../../trust/statement.ts'

const SHOW = 'SHOW USER WORKLOAD IDENTITY AUTHENTICATION METHODS'

/** What a user's identities expect where none lists an audience (docs.snowflake.com, the same command). */
const DEFAULT_AUDIENCE = 'snowflakecomputing.com'

const row = z.looseObject({
  name: z.string(),
  type: z.string(),
  created_on: z.optional(z.unknown()),
  last_used: z.optional(z.unknown()),
  additional_info: z.unknown(),
  status: z.optional(z.nullable(z.string())),
})

const info = z.looseObject({
  issuer: z.optional(z.nullable(z.string())),
  subject: z.optional(z.nullable(z.string())),
  audienceList: z.optional(z.nullable(z.union([z.array(z.string()), z.string()]))),
})

/** The identities of a user as `snow sql --format json`, a CSV of snowsql, and the driver give them. */
export const reader: Reader = {
  platform: 'Snowflake',
  sees: 'subject',
  understands: [`${SHOW} FOR USER … as JSON (snow sql --format json) or CSV (snowsql -o output_format=csv)`],
  async read(document) {
    // Several statements in one call of the CLI are a list of lists.
    const rows = Array.isArray(document) ? document.flat(1) : [document]
    if (rows.length === 0 || !rows.every(isRow)) return undefined
    return [identitiesOf(rows)]
  },
  write: (claim, values) => {
    if (claim === 'aud') return sql`OIDC_AUDIENCE_LIST = (${values})`
    const [first = ''] = values
    return claim === 'iss' ? sql`ISSUER = ${first}` : sql`SUBJECT = ${first}`
  },
}

function isRow(value: unknown): boolean {
  return hasKeys(value, 'name', 'type', 'additional_info')
}

/** The identities of one user, also where there is none. */
export function identitiesOf(rows: readonly unknown[], user?: string): Statement {
  const all = rows.map((one, at) => ({ found: shaped(row, one, SHOW), at }))
  const disabled = all.filter(({ found }) => found.status?.toUpperCase() === 'DISABLED')
  const ways = all.filter((one) => !disabled.includes(one)).map(({ found, at }) => wayOf(found, [at]))
  return {
    platform: reader.platform,
    what: 'service user',
    ...(user === undefined ? {} : { name: user }),
    ways,
    ...(disabled.length === 0
      ? {}
      : { remarks: disabled.map(({ found }) => `The identity ${found.name} is disabled.`) }),
    ...span(ways),
  }
}

function wayOf(found: z.infer<typeof row>, path: readonly PropertyKey[]): Way {
  const { issuer, subject, audienceList } = shaped(info, objectOf(found.additional_info), SHOW)
  const [madeAt, usedAt] = [dateOf(found.created_on), dateOf(found.last_used)]
  const dates = { ...(madeAt && { madeAt }), ...(usedAt && { usedAt }) }
  const type = found.type.toUpperCase()
  if (type !== 'OIDC')
    return {
      name: found.name,
      issuer: undefined,
      audiences: [],
      conditions: [],
      principal: `${type} ${subject ?? ''}`.trim(),
      path,
      ...dates,
    }
  const audiences = listOf(audienceList)
  const conditions: readonly Condition[] = subject ? [{ claim: 'sub', values: [subject], by: 'equals' }] : []
  return {
    name: found.name,
    issuer: issuer ?? undefined,
    audiences: audiences.length === 0 ? [DEFAULT_AUDIENCE] : audiences,
    conditions,
    path,
    ...dates,
  }
}

/** A column of the type OBJECT arrives as its JSON from everything but the driver. */
function objectOf(value: unknown): unknown {
  if (typeof value !== 'string') return value
  try {
    return JSON.parse(value)
  } catch {
    return value
  }
}

function listOf(value: readonly string[] | string | null | undefined): readonly string[] {
  if (typeof value !== 'string') return value ?? []
  if (value.trim() === '') return []
  const list = z.array(z.string()).safeParse(objectOf(value))
  return list.success ? list.data : value.split(',').map((one) => one.trim())
}
