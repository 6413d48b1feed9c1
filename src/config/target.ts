import type { Claims } from '../claims.ts'
import type { BoundExchange, Exchange, Want } from '../exchange.ts'
import { fail } from '../errors.ts'
import { fillPlaceholders, type Others } from '../placeholders.ts'
import { toJs, type Lookup, type Output, type Value } from '../profile.ts'
import type { Acceptable, BoundWarehouse, Warehouse } from '../warehouse.ts'

/** One destination of the policy: a dbt output without credentials, and how to come by one. */
export interface Target {
  readonly name: string
  /** As written; `{claim}` placeholders are filled when the token is known. */
  readonly output: Output
  readonly warehouse: Warehouse
  /** The output as its warehouse understands it. */
  readonly bound: BoundWarehouse
  readonly via: string
  readonly acceptance: Acceptable
  readonly exchange: BoundExchange
  /** The exchange's settings, for binding it again in the post step. */
  readonly settings: unknown
  /** The target's own audience, the input, or one of its own where its warehouse has that; undefined: what the exchange expects. */
  readonly audience: string | undefined
  /** Audiences that the other side is to take as well, while one gives way to another. */
  readonly alsoAudiences: readonly string[]
  readonly place: string
  /** Claims of other issuers that its placeholders may name. */
  readonly placeholders?: Others | undefined
  /** Variables that expressions of an existing profiles.yml may name. */
  readonly lookup: Lookup
}

/** Looks things up by name, and tells all names. A `Map` is one. */
export interface Registry<T> {
  keys(): Iterable<string>
  get(name: string): T | undefined
}

/** What a target needs from the registries; tests and fixtures may bring their own. */
export interface Registries {
  readonly warehouses: Registry<Warehouse>
  readonly exchanges: Registry<Exchange>
  /** To be called with a text of the user before what it names is looked up; absent where all is loaded. */
  readonly mentioned?: (text: string) => Promise<void>
}

/** Every warehouse and every exchange, for who goes through all of them. */
export interface WholeRegistries {
  readonly warehouses: ReadonlyMap<string, Warehouse>
  readonly exchanges: ReadonlyMap<string, Exchange>
}

/** The one function that says for whom a token is minted. */
export function audienceOf(target: Target): string {
  return target.exchange.audience(wantOf(target))
}

/** Every audience that the other side is told to take, first the one in use. */
export function audiencesOf(target: Target): readonly string[] {
  const also = target.alsoAudiences.map((audience) =>
    target.exchange.audience({ ...wantOf(target), audience }),
  )
  return [...new Set([audienceOf(target), ...also])]
}

/** What the warehouse wants, with the audience that the user chose over the vendor's default. */
export function wantOf(target: Target): Want {
  const want = target.bound.want(target.via)
  return target.audience === undefined ? want : { ...want, audience: target.audience }
}

/** The target with its `{claim}` placeholders filled from the signed claims. Throws `configuration` where one is missing. */
export function fillTarget(target: Target, claims: Claims): Target {
  const fill = (value: Value): Value => {
    switch (value.kind) {
      case 'text':
        return { kind: 'text', text: fillText(value.text, target, claims) }
      case 'list':
        return { kind: 'list', items: value.items.map(fill) }
      case 'map':
        return { kind: 'map', fields: mapFields(value.fields, fill) }
      case 'plain':
      case 'jinja':
      case 'secret':
        return value
    }
  }
  const output = mapFields(target.output, fill)
  return { ...target, output, bound: target.warehouse.bind(toJs(output, target.lookup)) }
}

function fillText(text: string, target: Target, claims: Claims): string {
  const filled = fillPlaceholders(text, claims, target.placeholders)
  if ('text' in filled) return filled.text
  return fail({
    code: 'configuration',
    problem: `The target ${target.name} cannot be filled for this run: ${filled.problem}`,
    remedy: `Grant ${target.name} only to events whose tokens carry the claim, or write the value out.`,
  })
}

function mapFields(fields: Output, change: (value: Value) => Value): Output {
  return new Map([...fields].map(([key, value]) => [key, change(value)]))
}
