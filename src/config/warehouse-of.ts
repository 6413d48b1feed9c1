import type { Warehouse } from '../warehouse.ts'
import { further } from '../warehouses/other.ts'
import { marked } from '../warehouses/other/marks.ts'
import type { Registry } from './target.ts'

/**
 * The warehouse of a dbt output: by its `type`, or any further adapter where the output marks the field that takes the
 * credential. Undefined where the type is not known, and no field says so.
 */
export function warehouseOf(
  warehouses: Registry<Warehouse>,
  output: Readonly<Record<string, unknown>>,
): Warehouse | undefined {
  const { type } = output
  if (typeof type !== 'string') return undefined
  const known = warehouses.get(type)
  if (known) return known
  // The name becomes part of a Python module.
  return /^[a-z][a-z0-9_]*$/.test(type) && marked(output).credential.length > 0
    ? further(type, output)
    : undefined
}
