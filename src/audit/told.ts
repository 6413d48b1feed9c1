import { visible } from '../policy/visible.ts'
import type { Reached } from './reached.ts'

const COLUMNS = [
  'from',
  'to',
  'target',
  'outcomes',
  'results',
  'actor',
  'repository',
  'ref',
  'environment',
  'event',
  'run',
  'attempt',
  'grant',
  'warehouse',
  'via',
  'identity',
  'tokens',
  'expiresAt',
  'errors',
  'invocations',
  'issuer',
  'subject',
] as const satisfies readonly (keyof Reached)[]

/** As CSV (RFC 4180), one line for each job; no cell is a formula to a spreadsheet. */
export function csvOf(all: readonly Reached[]): string {
  const rows = [COLUMNS, ...all.map((one) => COLUMNS.map((column) => textOf(one[column])))]
  return rows.map((row) => `${row.map(cell).join(',')}\r\n`).join('')
}

function textOf(value: Reached[keyof Reached]): string {
  if (value === null) return ''
  return typeof value === 'object' ? value.join(' ') : String(value)
}

/**
 * What a job wrote may be anything: a first character by which spreadsheets know a formula, also of full width or behind
 * blanks, is taken for text by an apostrophe before it (OWASP, "CSV Injection").
 */
function cell(text: string): string {
  const shown = visible(text)
  const inert = /^[\s'"]*[=+\-@|%\uff1d\uff0b\uff0d\uff20]/u.test(shown) ? `'${shown}` : shown
  return `"${inert.replaceAll('"', '""')}"`
}

const HEAD = [
  'from (UTC)',
  'target',
  'actor',
  'repository',
  'ref',
  'run',
  'grant',
  'outcome',
  'result',
  'identity',
]

/** As the rows of a table for a terminal, the head first. */
export function tableOf(all: readonly Reached[]): readonly (readonly string[])[] {
  const rows = all.map((one) => [
    one.from.slice(0, 19).replace('T', ' '),
    one.target,
    one.actor,
    one.repository,
    one.ref,
    one.run === null || one.attempt === null ? one.run : `${one.run}/${one.attempt}`,
    one.grant,
    one.outcomes.join(', '),
    one.results.join(', '),
    one.identity,
  ])
  return [HEAD, ...rows.map((row) => row.map((value) => visible(value || '–')))]
}
