import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import * as z from 'zod/mini'
import type { Exchange } from '../../src/exchange.ts'
import type { Warehouse } from '../../src/warehouse.ts'

type Json = { [key: string]: unknown }

/** The JSON schema of `.github/dbt-oidc.yml`: from the zod objects that read it, and from each warehouse and exchange. */
export async function policySchema(root: string): Promise<string> {
  const { policyFile } = await load<typeof import('../../src/config/policy-file.ts')>(
    root,
    'config/policy-file',
  )
  const { warehouses } = await load<{ warehouses: ReadonlyMap<string, Warehouse> }>(root, 'warehouses/index')
  const { exchanges } = await load<{ exchanges: ReadonlyMap<string, Exchange> }>(root, 'exchanges/index')
  const schema = toSchema(policyFile)
  const target = at(schema, 'properties', 'targets', 'additionalProperties', 'properties')
  target['connection'] = {
    type: 'object',
    description: 'One dbt output, exactly as under `outputs:` in profiles.yml, without credentials.',
    required: ['type'],
    oneOf: [...warehouses.values()].map(connectionSchema),
  }
  target['identity'] = {
    type: 'object',
    description: 'The exchange (`via`) and its settings; default, the exchange of the warehouse.',
    anyOf: [...exchanges.values()].map((exchange) => identitySchema(exchange, [...warehouses.values()])),
  }
  const when = at(schema, 'properties', 'grants', 'items', 'properties', 'when')
  const { CLAIM_NAMES } = await load<typeof import('../../src/claim-names.ts')>(root, 'claim-names')
  const pattern = when['additionalProperties']
  when['properties'] = Object.fromEntries(CLAIM_NAMES.map((name) => [name, pattern]))
  when['patternProperties'] = { '^(repo_property_|x-)': pattern }
  when['additionalProperties'] = false
  return `${JSON.stringify({ $schema: 'https://json-schema.org/draft/2020-12/schema', title: 'dbt-oidc policy', ...schema }, null, 2)}\n`
}

function connectionSchema(warehouse: Warehouse): Json {
  const schema = toSchema(warehouse.connection)
  const forbidden = warehouse.credentialFields.filter((field) => !field.includes('.'))
  return {
    ...schema,
    title: warehouse.title,
    properties: {
      type: { const: warehouse.type },
      ...(schema['properties'] as Json),
      ...Object.fromEntries(forbidden.map((field) => [field, false])),
    },
    required: ['type', ...((schema['required'] as string[] | undefined) ?? [])],
  }
}

function identitySchema(exchange: Exchange, all: readonly Warehouse[]): Json {
  const schema = toSchema(exchange.settings)
  const isDefault = all.some((warehouse) => [...warehouse.accepts.keys()][0] === exchange.name)
  const required = (schema['required'] as string[] | undefined) ?? []
  return {
    ...schema,
    title: exchange.summary,
    properties: { via: { const: exchange.name }, ...(schema['properties'] as Json) },
    required: isDefault ? required : ['via', ...required],
  }
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
