import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isRecord } from './shape.ts'

const ROOT = join(import.meta.dirname, '..', '..')

/** The pages from which people copy, by path. */
export const PAGES = [
  'README.md',
  ...readdirSync(join(ROOT, 'docs', 'warehouses')).map((name) => `docs/warehouses/${name}`),
]

/** The blocks of a language in a page, as somebody would copy them. */
export function blocksOf(page: string, language: string): readonly string[] {
  const text = readFileSync(join(ROOT, page), 'utf8')
  const fence = new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, 'gm')
  return Array.from(text.matchAll(fence), ([, block = '']) => block)
}

/** One step of a workflow that uses an action. */
export interface Use {
  readonly uses: string
  readonly with: Readonly<Record<string, unknown>>
}

/** The steps that use an action, wherever they stand in a workflow or a part of one. */
export function usesIn(node: unknown): readonly Use[] {
  if (Array.isArray(node)) return node.flatMap(usesIn)
  if (!isRecord(node)) return []
  const { uses, with: given } = node
  if (typeof uses !== 'string') return Object.values(node).flatMap(usesIn)
  return [{ uses, with: isRecord(given) ? given : {} }]
}
