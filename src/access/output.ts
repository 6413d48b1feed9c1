import type { Target } from '../config/target.ts'
import type { Output, Value } from '../profile.ts'
import type { Carried } from '../warehouse.ts'

/** The user's own fields win over attribution; the credential's fields win over everything. */
export function outputWith(
  target: Target,
  carried: Carried,
  attribution: Readonly<Record<string, Value>>,
): Output {
  const dropped = new Set(target.warehouse.credentialFields)
  const own = [...target.output].filter(([field]) => !dropped.has(field))
  return new Map([...Object.entries(attribution), ...own, ...Object.entries(carried.fields)])
}
