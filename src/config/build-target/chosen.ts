import type { Exchange } from '../../exchange.ts'
import { nearest } from '../../nearest.ts'
import { toJs } from '../../profile.ts'
import type { Acceptable, Warehouse } from '../../warehouse.ts'
import { toPlain, type YamlEntry } from '../../yaml.ts'
import type { TargetRules, TargetSource } from '../build-target.ts'
import { placeOf, textOf } from '../connection.ts'
import { warehouseOf } from '../warehouse-of.ts'

/** The warehouse that `type` names; where there is none, a problem says so. */
export function findWarehouse(
  source: TargetSource,
  { registries, problems }: TargetRules,
): Warehouse | undefined {
  const type = textOf(source.connection.get('type'))
  const known = [...registries.warehouses.keys()]
  if (type === undefined) {
    problems.add(
      source.node.place,
      `The connection has no \`type\`: name the dbt adapter (${known.join(', ')}).`,
    )
    return undefined
  }
  const warehouse = source.fromCheckout
    ? registries.warehouses.get(type)
    : warehouseOf(
        registries.warehouses,
        toJs(source.connection, () => undefined),
      )
  if (!warehouse) {
    const near = nearest(type, known)
    const place = placeOf(source.node, ['type']) ?? source.node.place
    problems.add(
      place,
      `Unknown warehouse \`${type}\`${near ? `; did you mean \`${near}\`?` : '.'} Known are ${known.join(', ')}; of any other adapter mark the field that takes the credential, as \`token: "{credential}"\`.`,
    )
  }
  return warehouse
}

/** The exchange that is to be asked, with its settings as written. */
export interface Chosen {
  readonly via: string
  readonly exchange: Exchange
  readonly acceptance: Acceptable
  readonly settings: Readonly<Record<string, unknown>>
}

/** By `via`, or the warehouse's own; where it takes nothing from there, a problem says so. */
export function chooseExchange(
  source: TargetSource,
  warehouse: Warehouse,
  rules: TargetRules,
): Chosen | undefined {
  const { identity } = source
  if (identity && identity.kind !== 'map') {
    rules.problems.add(identity.place, 'The identity must be a map: `via` and the settings of that exchange.')
    return undefined
  }
  const { via: written, ...settings } = Object.fromEntries(identity?.entries ?? [])
  const via = viaOf(written, warehouse, rules)
  if (via === undefined) return undefined
  const acceptance = warehouse.accepts.get(via)
  if (!acceptance) {
    const names = [...warehouse.accepts.keys()]
    const near = nearest(via, names)
    const place = identity ? (placeOf(identity, ['via']) ?? identity.place) : source.node.place
    rules.problems.add(
      place,
      `${warehouse.title} takes no credential via \`${via}\`${near ? `; did you mean \`${near}\`?` : '.'} It takes: ${names.join(', ')}.`,
    )
    return undefined
  }
  const exchange = rules.registries.exchanges.get(via)
  if (!exchange) throw new Error(`the exchange ${via} is not registered`)
  const values = Object.entries(settings).map(([key, { value }]) => [key, toPlain(value)] as const)
  return { via, exchange, acceptance, settings: Object.fromEntries(values) }
}

/** The exchange as written, whatever YAML would make of it: a blank or a number must not become the default. */
function viaOf(
  written: YamlEntry | undefined,
  warehouse: Warehouse,
  { problems }: TargetRules,
): string | undefined {
  if (!written) return [...warehouse.accepts.keys()][0] ?? 'none'
  if (written.value.kind === 'scalar') return written.value.text
  problems.add(written.key, '`via` must be the name of an exchange.')
  return undefined
}
