import type { Warehouse } from '../../warehouse.ts'
import { amongFields } from '../above.ts'
import type { TargetRules, TargetSource } from '../build-target.ts'
import { placeOf } from '../connection.ts'

/**
 * Refuses keys of ours among the fields of dbt, which dbt would pass over: the credential would be asked for elsewhere, or
 * for another audience, than was meant.
 */
export function refuseAstray(
  source: TargetSource,
  { fields, type }: Warehouse,
  settings: readonly string[],
  { problems, registries }: TargetRules,
): void {
  // Which fields an adapter has that is not known here, nobody can say.
  const known = registries.warehouses.get(type) !== undefined
  for (const [key, place] of foreign(source, fields)) {
    const where = amongFields(key, settings, known)
    if (where !== undefined) problems.add(place, sentence(key, where))
  }
}

/** What to say of a setting that is missing under `identity:`, by its name, where it stands among the fields of dbt. */
export function astray(source: TargetSource, { fields }: Warehouse) {
  const found = new Map(foreign(source, fields))
  return (key: string) => {
    const place = found.get(key)
    return place === undefined ? undefined : { place, problem: sentence(key, 'under `identity:`') }
  }
}

function foreign(source: TargetSource, fields: readonly string[]): readonly (readonly [string, string])[] {
  const { connection, node, fromCheckout } = source
  if (fromCheckout) return []
  return [...connection.keys()]
    .filter((key) => !fields.includes(key))
    .map((key) => [key, placeOf(node, [key]) ?? node.place] as const)
}

function sentence(key: string, where: string): string {
  return `\`${key}\` is no field of dbt's: it belongs ${where}.`
}
