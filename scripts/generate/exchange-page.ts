import * as z from 'zod/mini'
import type { Exchange } from '../../src/exchange.ts'
import type { Warehouse } from '../../src/warehouse.ts'
import { cell, errorRows, notes } from './errors.ts'
import { CARRIED } from '../../src/warehouse/words.ts'
import { wayOf, type Way } from './way.ts'

/** What is generated of the page of one exchange: its settings, who takes what it gives, errors and notes. */
export async function exchangeCore(
  exchange: Exchange,
  warehouses: ReadonlyMap<string, Warehouse>,
  exchanges: ReadonlyMap<string, Exchange>,
): Promise<string> {
  const taken = [...warehouses.values()].filter(({ accepts }) => accepts.has(exchange.name))
  const ways = await Promise.all(taken.map((one) => wayOf(one, exchange.name, exchanges)))
  const { name, summary, experimental } = exchange
  return [
    `\`via: ${name}\`: ${summary}.`,
    '',
    ...(experimental === undefined ? [] : [`**Experimental**, and the default nowhere. ${experimental}`, '']),
    ...settingsTable(exchange.settings),
    '## Warehouses',
    '',
    'Trust and workflow of each, with an example, stand on its page.',
    '',
    '| warehouse | dbt gets | proven against |',
    '|---|---|---|',
    ...taken.map((one) => warehouseRow(one, exchange)),
    '',
    ...reached(ways),
    ...errorRows(exchange.errors, (text) => explained(ways, text)),
    ...notes(exchange.notes),
  ].join('\n')
}

function warehouseRow(warehouse: Warehouse, { name, experimental }: Exchange): string {
  const anchor = name === 'none' ? 'without-an-exchange' : `via-${name}`
  const kind = warehouse.accepts.get(name)?.kind ?? 'none'
  const standard = warehouse.accepts.keys().next().value === name ? ' (its default)' : ''
  const mark = experimental === undefined ? '' : ', experimental'
  return `| [${warehouse.title}](../warehouses/${warehouse.type}.md#${anchor})${standard} | ${CARRIED[kind]} | ${warehouse.proof[name]}${mark} |`
}

/** What a text means: the first warehouse that can say more than the exchange alone speaks for all. */
export function explained(ways: readonly Way[], text: string) {
  for (const { exchange, bound, claims } of ways) {
    const diagnosis = exchange?.diagnose(text, claims) ?? bound.diagnose(text, claims)
    if (diagnosis) return diagnosis
  }
  return undefined
}

/** What the examples reach; a host that a setting names is the reader's own. */
function reached(ways: readonly Way[]): readonly string[] {
  const hosts = new Set(ways.flatMap(({ exchange, bound, via }) => exchange?.hosts(bound.want(via)) ?? []))
  if (hosts.size === 0) return []
  const named = [...hosts].map((host) => `\`${host}\``).join(', ')
  return [`Reaches, in the examples: ${named}. All hosts of a run are on [one page](../egress.md).`, '']
}

interface Property {
  readonly type?: string
  readonly enum?: readonly unknown[]
  readonly default?: unknown
  readonly items?: Property
}

const schemaShape = z.object({
  properties: z.optional(z.record(z.string(), z.custom<Property>())),
  required: z.optional(z.array(z.string())),
})

function settingsTable(settings: z.ZodMiniType): readonly string[] {
  const { properties = {}, required = [] } = schemaShape.parse(z.toJSONSchema(settings, { io: 'input' }))
  const rows = Object.entries(properties).map(
    ([name, property]) =>
      `| \`${name}\` | ${required.includes(name) ? 'yes' : ''} | ${cell(formOf(property))} | ${given(property)} |`,
  )
  if (rows.length === 0) return []
  return [
    '## Settings',
    '',
    'They stand under `identity:`, beside `via`. What the connection implies need not be said.',
    '',
    '| setting | needed | form | default |',
    '|---|---|---|---|',
    ...rows,
    '',
  ]
}

function formOf({ type, enum: values, items }: Property): string {
  if (values) return values.map((value) => `\`${String(value)}\``).join(', ')
  if (type === 'array') return `list of ${items?.type ?? 'value'}s`
  return type === undefined ? 'one of several' : (FORMS[type] ?? type)
}

const FORMS: Readonly<Record<string, string>> = { string: 'text', boolean: 'true or false', object: 'map' }

function given({ default: value }: Property): string {
  return value === undefined || (Array.isArray(value) && value.length === 0)
    ? ''
    : `\`${JSON.stringify(value)}\``
}
