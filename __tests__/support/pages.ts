import { marked, type Token } from 'marked'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isRecord } from './shape.ts'

const ROOT = join(import.meta.dirname, '..', '..')

/** Every page of the documentation, by path. */
export const PAGES: readonly string[] = [
  'README.md',
  'SECURITY.md',
  ...readdirSync(join(ROOT, 'docs'), { recursive: true })
    .map((name) => `docs/${String(name).replaceAll('\\', '/')}`)
    .filter((name) => name.endsWith('.md'))
    .toSorted(),
]

/** The text of a page. */
export function pageText(page: string): string {
  return readFileSync(join(ROOT, page), 'utf8')
}

/** A block of a page that somebody may copy. */
export interface Snippet {
  readonly page: string
  readonly line: number
  /** As behind the fence; empty where nothing stands there. */
  readonly language: string
  readonly text: string
}

/** All blocks of code of a page, as a parser of Markdown finds them. */
export function snippetsOf(page: string): readonly Snippet[] {
  const text = pageText(page)
  const found: Snippet[] = []
  let from = 0
  walk(page, (token) => {
    if (token.type !== 'code') return
    const at = Math.max(text.indexOf(token.raw, from), 0)
    from = at
    const line = text.slice(0, at).split('\n').length
    found.push({ page, line, language: String(token['lang'] ?? ''), text: String(token['text']) })
  })
  return found
}

/** Pieces of code within the sentences of a page. */
export function spansOf(page: string): readonly string[] {
  const found: string[] = []
  walk(page, (token) => void (token.type === 'codespan' && found.push(String(token['text']))))
  return found
}

/** Where the links of a page lead. */
export function linksOf(page: string): readonly string[] {
  const found: string[] = []
  walk(page, (token) => {
    if (token.type === 'link' || token.type === 'image') found.push(String(token.href))
  })
  return found
}

/** The anchors of a page: its own, and those of its headings as GitHub makes them. */
export function anchorsOf(page: string): ReadonlySet<string> {
  const found = new Map<string, number>()
  const anchors = new Set<string>()
  for (const [, id = ''] of pageText(page).matchAll(/<a id="([^"]+)">/g)) anchors.add(id)
  walk(page, (token) => {
    if (token.type !== 'heading') return
    const bare = String(token['text'])
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(/\s/g, '-')
    const before = found.get(bare) ?? 0
    found.set(bare, before + 1)
    anchors.add(before === 0 ? bare : `${bare}-${before}`)
  })
  return anchors
}

function walk(page: string, see: (token: Token) => void): void {
  void marked.walkTokens(marked.lexer(pageText(page)), see)
}

/** The blocks of a language in a page, as somebody would copy them. */
export function blocksOf(page: string, language: string): readonly string[] {
  return snippetsOf(page)
    .filter((one) => one.language === language)
    .map(({ text }) => `${text}\n`)
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
