import { rowOf } from './cases.ts'
import { CLASSES, VOLUME, type Class } from './classes.ts'
import { figures } from './figures.ts'
import { distRow, workflowsRow } from './repository.ts'
import type { Row } from './row.ts'
import { CORPUS, suitesOf } from './suites.ts'
import { coverageRow, mutationRow } from './tested.ts'
import { volumeRow } from './volume-row.ts'
import type { Form } from './volume.ts'

type Say = (line: string) => void

/** Lines that no test holds. */
const MEASURED: Readonly<Record<string, (form: Form, say: Say) => Row | Promise<Row>>> = {
  workflows: workflowsRow,
  dist: distRow,
  'mutation score': mutationRow,
  coverage: coverageRow,
}

/** Mutants take an hour, and whoever changes a source would have to wait for them. */
const LONG = new Set(['mutation score', 'coverage'])

/** The names of all lines, in the order of the bar. */
export const NAMES: readonly string[] = [
  ...CLASSES.map(({ name }) => name),
  VOLUME.name,
  ...Object.keys(MEASURED),
]

/** The lines of these names, tests first: their suites are run together. */
export async function lines(names: readonly string[], form: Form, say: Say): Promise<readonly Row[]> {
  const classes = [...CLASSES, VOLUME].filter(({ name }) => names.includes(name))
  const results = await suitesOf(classes, form)
  const rowFor = async (one: Class): Promise<Row> =>
    one === VOLUME ? volumeRow(await figures(form, say), CORPUS, results) : rowOf(one, CORPUS, results)
  const rows: Row[] = []
  for (const one of classes) rows.push(await rowFor(one))
  for (const [name, measure] of Object.entries(MEASURED))
    if (names.includes(name) && (form === 'long' || !LONG.has(name))) rows.push(await measure(form, say))
  return rows
}
