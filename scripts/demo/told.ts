import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { isRecord, parseRecord, scalarText } from '../../__tests__/support/shape.ts'
import type { StepResult } from '../../__tests__/support/step.ts'
import { summaryPage, type PageSection } from '../page.ts'

/** Where the page of the demo is written. */
export const PAGE = join(import.meta.dirname, '..', '..', '.cache', 'demo', 'index.html')

/** A line of the audit log, parsed. */
export type AuditLine = Readonly<Record<string, unknown>>

/** The audit log that a step names in its output. */
export function auditOf(step: StepResult): readonly AuditLine[] {
  const path = step.outputs.get('audit-log') ?? ''
  if (!existsSync(path)) return []
  return readFileSync(path, 'utf8').trimEnd().split('\n').map(parseRecord)
}

/** The lines about tokens as a table: what each token was used for, and what came of it. */
export function auditTable(lines: readonly AuditLine[]): readonly string[] {
  const head = ['use', 'outcome', 'grant', 'target', 'subject of the token', 'SHA-256']
  const rows = lines
    .filter(({ record }) => record === 'token')
    .map(({ use, outcome, grant, target, claims, token_sha256 }) => [
      scalarText(use),
      scalarText(outcome),
      scalarText(grant) || '-',
      scalarText(target) || '-',
      isRecord(claims) ? scalarText(claims.sub) : '',
      `${scalarText(token_sha256).slice(0, 12)}…`,
    ])
  const widths = head.map((title, at) => Math.max(title.length, ...rows.map((row) => row[at]?.length ?? 0)))
  return [head, ...rows].map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

/** A job summary for a terminal: its Markdown without what only a page can show. */
export function summaryText(markdown: string): readonly string[] {
  return withoutLinks(markdown)
    .replaceAll(/<br\s*\/?>/g, ' ')
    .replaceAll(/<\/?[a-z][^>]*>/g, '')
    .replaceAll(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)))
    .replaceAll('\u200b', '')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
    .replaceAll(/\n{3,}/g, '\n\n')
    .trim()
    .split('\n')
}

/** The labels alone: the server to which the links lead ends with the demo. */
export function withoutLinks(markdown: string): string {
  return markdown.replaceAll(/\[([^[\]]*)\]\(http:\/\/127\.0\.0\.1:[^)\s]*\)/g, '$1')
}

/** Writes the page of the demo. */
export function writePage(sections: readonly PageSection[]): void {
  mkdirSync(dirname(PAGE), { recursive: true })
  const note =
    'What `npm run demo` has just seen: job summaries as GitHub draws them, and the audit log. On GitHub the commit, the run and each file are links.'
  const dead = sections.map(({ markdown, ...section }) =>
    markdown === undefined ? section : { ...section, markdown: withoutLinks(markdown) },
  )
  writeFileSync(PAGE, summaryPage({ title: 'dbt-oidc: the demo', note, sections: dead }))
}

/** A database file's size and time, to tell whether somebody has written to it; nothing where there is none. */
export function markOf(step: StepResult, file: string): string | undefined {
  const path = join(step.paths.workspace, file)
  if (!existsSync(path)) return undefined
  const { size, mtimeMs } = statSync(path)
  return `${size} bytes, ${mtimeMs}`
}
