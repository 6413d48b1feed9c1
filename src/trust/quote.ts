import { fail } from '../errors.ts'
import { quoted } from '../policy/visible.ts'

/** Text that stands in a document as it is: made by one of the functions here, or written by us. */
export interface Fragment {
  readonly fragment: string
}

/** What a template may hold: text is quoted, a list is quoted and joined by commas, a fragment stands as it is. */
export type Part = string | number | Fragment | readonly string[]

/** A tagged template that quotes what is put into it. */
export type Quoting = (strings: TemplateStringsArray, ...parts: readonly Part[]) => string

/** SQL: text becomes a literal with its quotes doubled (ISO/IEC 9075-2 5.3). */
export const sql: Quoting = quoting((text) => `'${inert(text).replaceAll("'", "''")}'`, ', ')

/** A POSIX shell command: text becomes one word (POSIX.1-2024 2.2.2). */
export const sh: Quoting = quoting(
  (text) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${inert(text).replaceAll("'", `'\\''`)}'`),
  ' ',
)

/** Terraform's language: text becomes a quoted literal, in which nothing is a template (HCL syntax, "Template Expressions"). */
export const hcl: Quoting = quoting(hclText, ', ')

/** Text as a quoted literal of Terraform's language. */
export function hclText(text: string): string {
  if (text.includes('\0') || !text.isWellFormed()) inert(text)
  const escaped = text
    .replaceAll(/["\\]/g, (mark) => `\\${mark}`)
    .replaceAll(/[$%](?=\{)/g, (mark) => `${mark}${mark}`)
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\t', '\\t')
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (mark) => unicodeEscape(mark.codePointAt(0) ?? 0))
  return `"${escaped}"`
}

function unicodeEscape(point: number): string {
  const hex = point.toString(16)
  return point > 0xff_ff ? `\\U${hex.padStart(8, '0')}` : `\\u${hex.padStart(4, '0')}`
}

/** An identifier of SQL, in double quotes unless it is plainly one in capitals. */
export function identifier(name: string): Fragment {
  const plain = /^[A-Z_][A-Z0-9_]*$/.test(name)
  return { fragment: plain ? name : `"${inert(name).replaceAll('"', '""')}"` }
}

/** An identifier in backticks, as Databricks writes it. */
export function backticked(name: string): Fragment {
  return { fragment: `\`${inert(name).replaceAll('`', '``')}\`` }
}

/** An identifier where plain ones would be folded to lower case (PostgreSQL, Redshift): always in double quotes. */
export function folded(name: string): Fragment {
  return { fragment: `"${inert(name).replaceAll('"', '""')}"` }
}

/** Text of ours, or of a template, that goes into another template. */
export function verbatim(text: string): Fragment {
  return { fragment: text }
}

/** A JSON document, two spaces deep, its keys and values checked like every other text. */
export function json(value: unknown): string {
  return JSON.stringify(value, inertEntry, 2)
}

function inertEntry(key: string, value: unknown): unknown {
  inert(key)
  return typeof value === 'string' ? inert(value) : value
}

/** A JSON document as one word of `sh`, over several lines. */
export function jsonWord(value: unknown): Fragment {
  return { fragment: `'${json(value).replaceAll("'", `'\\''`)}'` }
}

/** A comment line of `sql` or `sh`. */
export function comment(mark: '--' | '#', lines: readonly string[]): string {
  return lines.map((line) => `${mark} ${inert(line)}`.trimEnd()).join('\n')
}

/**
 * The text, where it can stand in a document whose reader is a parser and a person. Line ends, other control characters
 * and what reverses the reading direction are refused, and so is the backslash, which some dialects take for an escape.
 */
export function inert(text: string): string {
  if (!/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\\]/u.test(text)) return text
  return fail({
    code: 'configuration',
    problem: `${quoted(text)} cannot be written into a trust document: it holds a control character or a backslash.`,
    remedy:
      'Use a name without them; GitHub allows none of them in repositories, branches and environments that a policy should trust.',
  })
}

function quoting(quote: (text: string) => string, comma: string): Quoting {
  const put = (part: Part): string => {
    if (typeof part === 'string') return quote(part)
    if (typeof part === 'number') return String(part)
    if ('fragment' in part) return part.fragment
    return part.map(quote).join(comma)
  }
  return (strings, ...parts) =>
    strings.map((text, at) => `${text}${at < parts.length ? put(parts[at] ?? '') : ''}`).join('')
}
