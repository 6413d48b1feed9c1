import type { RefName } from '../check/deployment.ts'
import { shownRef, type Environment } from '../check/ground.ts'
import type { Row } from '../check/matrix.ts'
import { visible } from '../policy/visible.ts'
import type { Surveyed } from './survey.ts'

/** Names that are shown before the rest is counted. */
const NAMES = 3

/** One line of the matrix: a heading, or a row. */
export interface Line {
  readonly text: string
  readonly row?: Row
}

/** Environments that admit and reach the same stand in one block: its names, its rule, and its lines. */
export interface Block {
  readonly names: readonly string[]
  readonly rule: string
  readonly lines: readonly Line[]
}

/** The blocks of a matrix, a job without an environment first. */
export function blocksOf(rows: readonly Row[], ground: Surveyed): readonly Block[] {
  const blocks = new Map<string, Block>()
  for (const environment of [undefined, ...ground.environments]) {
    const rule = environment ? ruleText(environment) : ''
    const lines = linesOf(
      rows.filter((row) => row.environment === environment?.name),
      ground,
    )
    const key = JSON.stringify([
      rule,
      lines.map(({ text, row }) => [text, row?.deployment, [...(row?.cells ?? [])]]),
    ])
    const names = environment ? [...(blocks.get(key)?.names ?? []), visible(environment.name)] : []
    blocks.set(key, { names, rule, lines })
  }
  return [...blocks.values()]
}

/** What stands above a block. */
export function headingOf({ names, rule }: Block): string {
  if (names.length === 0) return 'no environment'
  return `environment${names.length === 1 ? '' : 's'} ${some(names)} (${rule})`
}

/** A line for each kind of run that reaches something, and one for all the others. */
function linesOf(own: readonly Row[], ground: Surveyed): readonly Line[] {
  const telling = own.filter((row) => !isClosed(row))
  const [rest] = own.filter(isClosed)
  const word = telling.length === 0 ? 'any run' : 'any other run'
  return [
    ...telling.map((row) => ({ text: `  ${eventsText(row)} ${refsText(row, ground)}`, row })),
    ...(rest ? [{ text: `  ${word}`, row: { ...rest, deployment: 'allowed' as const } }] : []),
  ]
}

/** The first names of many. */
function some(names: readonly string[]): string {
  return names.length > NAMES + 1
    ? `${names.slice(0, NAMES).join(', ')} and ${names.length - NAMES} more`
    : names.join(', ')
}

function isClosed({ cells }: Row): boolean {
  return [...cells.values()].every(({ kind }) => kind === 'closed')
}

function eventsText({ events }: Row): string {
  const forRequests = events.every((event) => event.startsWith('pull_request'))
  return `${events.map(visible).join(', ')} ${forRequests ? 'into' : 'on'}`
}

function refsText({ refs }: Row, ground: Surveyed): string {
  const branches = ground.refs.filter(({ ref }) => ref.startsWith('refs/heads/')).map(shownRef)
  if (
    refs.length === ground.refs.length ||
    (refs.length === branches.length && !refs.some((ref) => ref.startsWith('tag ')))
  )
    return refs.length === ground.refs.length && branches.length < refs.length ? 'any ref' : 'any branch'
  return some(refs.map(visible))
}

function ruleText({ rule, there }: Environment): string {
  if (there === false) return 'not at GitHub: the first workflow that names it makes it, without rules'
  switch (rule.kind) {
    case 'any':
      return 'admits any ref'
    case 'protected':
      return 'admits protected branches'
    case 'unknown':
      return 'what it admits is not known'
    case 'named':
      return `admits ${some(rule.names.map(nameText)) || 'nothing'}`
  }
}

function nameText({ type, pattern }: RefName): string {
  return type === 'tag' ? `tag ${visible(pattern)}` : visible(pattern)
}
