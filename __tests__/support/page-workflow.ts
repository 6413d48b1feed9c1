import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '..', '..')

/** The workflow of a warehouse's page that needs no policy file: the one with the connection in it. Empty where there is none. */
export function workflowOf(page: string): string {
  const text = readFileSync(join(ROOT, 'docs', 'warehouses', page), 'utf8')
  const blocks = [...text.matchAll(/```yaml\n([\s\S]*?)\n```/g)].map(([, block = '']) => block)
  return blocks.find((block) => block.includes('/dbt-oidc@') && block.includes('connection:')) ?? ''
}
