import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import * as z from 'zod/mini'
import { CLAIM_NAMES, OPEN_NAME } from '../../src/claim-names.ts'
import { policyFile } from '../../src/config/policy-file.ts'
import type { Exchange } from '../../src/exchange.ts'
import { restriction } from '../../src/policy/lint.ts'
import type { Warehouse } from '../../src/warehouse.ts'
import { CREDENTIAL } from '../../src/warehouses/other/marks.ts'

type Json = { [key: string]: unknown }

/** What a policy may name. */
export interface Registered {
  readonly warehouses: readonly Warehouse[]
  readonly exchanges: readonly Exchange[]
}

/** The text of schema.json, for the registries as they stand in `root`. */
export async function policySchema(root: string): Promise<string> {
  const { warehouses } = await load<{ warehouses: ReadonlyMap<string, Warehouse> }>(root, 'warehouses/index')
  const { exchanges } = await load<{ exchanges: ReadonlyMap<string, Exchange> }>(root, 'exchanges/index')
  const schema = schemaOf({ warehouses: [...warehouses.values()], exchanges: [...exchanges.values()] })
  return `${JSON.stringify(schema, null, 2)}\n`
}

/** The JSON schema of `.github/dbt-oidc.yml`: from the zod objects that read it, and from each warehouse and exchange. */
export function schemaOf({ warehouses, exchanges }: Registered): Json {
  const schema = toSchema(policyFile)
  const target = at(schema, 'properties', 'targets', 'additionalProperties')
  Object.assign(at(target, 'properties'), {
    connection: {
      type: 'object',
      description: 'One dbt output, exactly as under `outputs:` in profiles.yml, without credentials.',
      required: ['type'],
      anyOf: [
        {
          properties: {
            type: { enum: warehouses.map(({ type }) => type).filter((type) => type !== 'other') },
          },
        },
        // Any other adapter, where some field takes the credential.
        {
          type: 'object',
          properties: { type: { type: 'string', pattern: '^[a-z][a-z0-9_]*$' } },
          not: { additionalProperties: { not: { const: CREDENTIAL } } },
        },
      ],
    },
    identity: {
      type: 'object',
      description: 'The exchange (`via`) and its settings; default, the exchange of the warehouse.',
    },
  })
  target['allOf'] = warehouses.map((warehouse) =>
    given(
      { type: 'object', properties: { connection: ofType(warehouse) }, required: ['connection'] },
      targetSchema(warehouse, exchanges),
    ),
  )
  conditions(at(schema, 'properties', 'grants', 'items', 'properties', 'when'))
  return { $schema: 'https://json-schema.org/draft/2020-12/schema', title: 'dbt-oidc policy', ...schema }
}

const restricts = (claim: string): boolean => restriction(new Map([[claim, ['x']]]))

/** The claims by their names, and the restriction rule: a claim that is the same in every run is not enough. */
function conditions(when: Json): void {
  const pattern = when['additionalProperties']
  Object.assign(when, {
    propertyNames: {
      anyOf: [
        { type: 'string', enum: CLAIM_NAMES },
        { type: 'string', pattern: OPEN_NAME.source },
      ],
    },
    minProperties: 1,
    properties: Object.fromEntries(CLAIM_NAMES.map((name) => [name, pattern])),
    not: {
      description: 'Nothing but the repository: at least one claim must say which of its runs are meant.',
      propertyNames: {
        anyOf: [
          { type: 'string', enum: CLAIM_NAMES.filter((name) => !restricts(name)) },
          { type: 'string', pattern: '^repo_property_' },
        ],
      },
    },
  })
}

/** What is held where a condition is met. */
function given(condition: Json, held: Json): Json {
  // oxlint-disable-next-line unicorn/no-thenable -- JSON schema's own word; nobody awaits it.
  return { if: condition, then: held }
}

function ofType({ type }: Warehouse): Json {
  return { type: 'object', properties: { type: { const: type } }, required: ['type'] }
}

/** What holds for a target once its `type` is known. */
function targetSchema(warehouse: Warehouse, exchanges: readonly Exchange[]): Json {
  const accepted = [...warehouse.accepts.keys()].map((via, index) => {
    const exchange = exchanges.find(({ name }) => name === via)
    if (!exchange) throw new Error(`${warehouse.type} accepts ${via}, which is no exchange`)
    return identitySchema(exchange, warehouse, index === 0)
  })
  const [first] = accepted
  const needed = (first?.['required'] as readonly string[] | undefined) ?? []
  return {
    type: 'object',
    title: warehouse.title,
    properties: {
      connection: { ...toSchema(warehouse.connection), allOf: [without(warehouse.credentialFields)] },
      identity: { type: 'object', anyOf: accepted },
    },
    required: needed.length > 0 ? ['connection', 'identity'] : ['connection'],
  }
}

/** The settings of one exchange, less those that the connection implies; only the default needs no `via`. */
function identitySchema(exchange: Exchange, warehouse: Warehouse, isDefault: boolean): Json {
  const schema = toSchema(exchange.settings)
  const implied = Object.keys(warehouse.bind(warehouse.example).defaults(exchange.name))
  const needed = ((schema['required'] as string[] | undefined) ?? []).filter((key) => !implied.includes(key))
  return {
    ...schema,
    title: exchange.summary,
    properties: { via: { const: exchange.name }, ...(schema['properties'] as Json) },
    required: isDefault ? needed : ['via', ...needed],
  }
}

/** Forbids fields, dotted where nested; whatever else stands in the place of a map is dbt's. */
function without(fields: readonly string[]): Json {
  const byFirst = Map.groupBy(fields, (field) => field.split('.', 1)[0] ?? field)
  const properties = [...byFirst].map(([first, all]): [string, unknown] => {
    if (all.includes(first)) return [first, false]
    const deeper = all.map((field) => field.slice(first.length + 1))
    return [first, given({ type: 'object' }, without(deeper))]
  })
  return { type: 'object', properties: Object.fromEntries(properties) }
}

function toSchema(schema: z.ZodMiniType): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input' }) as Json
  return rest
}

function at(value: Json, ...path: readonly string[]): Json {
  const [step, ...rest] = path
  return step === undefined ? value : at(value[step] as Json, ...rest)
}

async function load<T>(root: string, module: string): Promise<T> {
  return (await import(pathToFileURL(join(root, 'src', `${module}.ts`)).href)) as T
}
