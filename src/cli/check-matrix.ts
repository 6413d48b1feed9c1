import type { Cell, Row } from '../check/matrix.ts'
import type { Grant } from '../policy.ts'
import { quoted, visible } from '../policy/visible.ts'
import type { Surveyed } from './survey.ts'
import { coloured } from './colour.ts'
import { blocksOf, headingOf, type Line } from './matrix-blocks.ts'
import { painter, type Paint } from './paint.ts'
import { print, printJson } from './print.ts'

/** Everything that the matrix shows. */
export interface Shown {
  readonly ground: Surveyed
  readonly targets: readonly string[]
  readonly grants: readonly Grant[]
  readonly rows: readonly Row[]
  readonly unreached: readonly Grant[]
  /** Grants for tokens of other issuers, whose jobs are no runs of the repository. */
  readonly elsewhere: readonly Grant[]
}

/** Lines of rows before the rest is left to `--json`. */
const MOST = 120

/** Prints the matrix of runs against targets. */
export function printMatrix(shown: Shown, json: boolean): void {
  if (json) printJson(told(shown))
  else print(lines(shown, painter(coloured(process.stdout))).join('\n'))
}

function told({ ground, targets, rows, unreached, elsewhere }: Shown): unknown {
  const { repository, source, notes, environments, refs } = ground
  return {
    repository,
    source,
    notes,
    targets,
    refs: refs.map(({ ref, label, isProtected }) => ({ ref, label, protected: isProtected })),
    environments,
    rows: rows.map((row) => ({ ...row, cells: Object.fromEntries(row.cells) })),
    unreached: unreached.map(({ name, target, place }) => ({ grant: name, target, place })),
    elsewhere: elsewhere.map(({ name, target, issuer, place }) => ({ grant: name, target, issuer, place })),
  }
}

function lines(shown: Shown, paint: Paint): readonly string[] {
  const { ground, targets, grants, rows, unreached, elsewhere } = shown
  const letters = new Map(grants.map(({ name }, at) => [name, lettered(at)]))
  const body = blocksOf(rows, ground).flatMap((block) => [{ text: headingOf(block) }, ...block.lines])
  const width = Math.max(10, ...body.map(({ text, row }: Line) => (row ? text.length : 0)))
  const columns = targets.map((name) => Math.max(visible(name).length, 5))
  const cells = (of: (target: string) => readonly [string, string]): string =>
    targets.map((target, at) => padded(of(target), columns[at] ?? 0)).join('  ')
  const line = ({ text, row }: Line): string =>
    row
      ? `${text.padEnd(width)}  ${cells((target) => shownCell(row, row.cells.get(target), letters, paint))}`.trimEnd()
      : paint('bold', text)
  const kept = body.slice(0, MOST)
  const used = new Set(rows.flatMap(({ cells: all }) => [...all.values()].flatMap(grantOf)))
  return [
    `Which runs of ${visible(ground.repository)} reach which target (${ground.source})`,
    ...ground.notes.map((note) => `! ${note}`),
    '',
    paint('bold', `${''.padEnd(width)}  ${cells((target) => [visible(target), visible(target)])}`.trimEnd()),
    ...kept.map(line),
    ...(body.length > MOST
      ? [`… ${body.length - MOST} lines more; --json has all, --target one column`]
      : []),
    '',
    ...grants
      .filter(({ name }) => used.has(name))
      .map(
        (grant) =>
          `${(letters.get(grant.name) ?? '').padStart(3)}   ${quoted(grant.name)} (${visible(grant.place)})`,
      ),
    ...legend(rows),
    ...elsewhere.map(
      ({ name, target, place, issuer = '' }) =>
        `! Jobs of ${visible(issuer)} reach ${quoted(target)} as well, by ${quoted(name)} (${visible(place)}): check --issuer ${visible(issuer)} says which.`,
    ),
    ...unreached.map(
      ({ name, target, place }) =>
        `! ${quoted(name)} for ${quoted(target)} (${visible(place)}) reaches nothing here: no such run is among these, or an earlier grant for the target comes first.`,
    ),
  ]
}

function grantOf(cell: Cell): readonly string[] {
  return cell.kind === 'closed' ? [] : [cell.grant]
}

/** A cell without and with its colour: the first is for counting columns. */
function shownCell(
  { deployment }: Row,
  cell: Cell | undefined,
  letters: ReadonlyMap<string, string>,
  paint: Paint,
): readonly [string, string] {
  const dimmed = (text: string): readonly [string, string] => [text, paint('dim', text)]
  if (!cell || cell.kind === 'closed') return dimmed('–')
  const letter = letters.get(cell.grant) ?? '?'
  const mark = cell.kind === 'open' ? '?' : cell.first ? '*' : ''
  if (deployment === 'refused') return dimmed(`(${letter}${mark})`)
  if (deployment === 'unknown') return dimmed(`(${letter}${mark}?)`)
  return [`${letter}${mark}`, paint(cell.kind === 'open' ? 'yellow' : 'green', `${letter}${mark}`)]
}

function padded([plain, painted]: readonly [string, string], width: number): string {
  return painted + ' '.repeat(Math.max(0, width - plain.length))
}

function legend(rows: readonly Row[]): readonly string[] {
  const all = rows.flatMap((row) => [...row.cells.values()].map((cell) => ({ cell, ...row })))
  const lit = all.filter(({ cell }) => cell.kind !== 'closed')
  const open = [...new Set(all.flatMap(({ cell }) => (cell.kind === 'open' ? cell.claims : [])))]
  const lines: readonly (readonly [boolean, string])[] = [
    [
      lit.some(({ cell }) => cell.kind === 'reached' && cell.first),
      '  *   also where the run asks for no target',
    ],
    [open.length > 0, `  ?   only where further claims hold as well: ${open.map(visible).join(', ')}`],
    [
      lit.some(({ deployment }) => deployment === 'refused'),
      ' ( )  the policy grants it, and GitHub does not let this ref use the environment',
    ],
    [
      lit.some(({ deployment }) => deployment === 'unknown'),
      '(  ?) the policy grants it, and GitHub lets this ref use the environment only if a rule protects it',
    ],
    [true, '  –   nothing grants it'],
    [true, 'push stands for every event that a grant need not name (workflow_dispatch, schedule, …).'],
    [true, 'A pull request is supposed to come from the repository itself; one from a fork reaches nothing.'],
  ]
  return lines.flatMap(([said, line]) => (said ? [line] : []))
}

/** a … z, aa, ab … */
function lettered(at: number): string {
  const letter = String.fromCodePoint(97 + (at % 26))
  return at < 26 ? letter : `${lettered(Math.floor(at / 26) - 1)}${letter}`
}
