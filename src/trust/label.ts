import { createHash } from 'node:crypto'

/** A name as the label of a block in Terraform; where characters are lost, a digest tells it from others. */
export function labelFor(name: string): string {
  const plain = name.replaceAll(/[^\w-]/g, '_').replace(/^(?=[^A-Za-z_])/, '_')
  if (plain === name) return plain
  return `${plain.slice(0, 100)}_${createHash('sha256').update(name).digest('hex').slice(0, 8)}`
}
