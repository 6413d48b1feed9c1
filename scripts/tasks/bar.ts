// Measures and counts what the bar asks for, and fails where it is missed: `--short` for a gate, `--json FILE` for the figures.
import { spawnSync } from 'node:child_process'
import { cpus } from 'node:os'
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { rowOf } from '../bar/cases.ts'
import { CLASSES } from '../bar/classes.ts'
import { figures } from '../bar/figures.ts'
import { repositoryRows } from '../bar/repository.ts'
import { isMet, tableOf } from '../bar/row.ts'
import { CORPUS, lastSuites, runSuites } from '../bar/suites.ts'
import { testedRows } from '../bar/tested.ts'
import { volumeRow } from '../bar/volume-row.ts'
import { task } from '../task.ts'

await task(async () => {
  const { values } = parseArgs({ options: { short: { type: 'boolean' }, json: { type: 'string' } } })
  const form = values.short ? 'short' : 'long'
  const results = await (form === 'long' ? runSuites() : lastSuites())
  const rows = [
    ...CLASSES.map((one) => rowOf(one, CORPUS, results)),
    volumeRow(await figures(form, say), CORPUS, results),
    ...(await repositoryRows()),
    // Mutants take an hour, and whoever changes a source would have to wait for them.
    ...(form === 'long' ? await testedRows() : []),
  ]
  for (const line of ['', ...tableOf(rows, '; ')]) say(line)
  if (values.json !== undefined) {
    const about = { form, when: new Date().toISOString().slice(0, 10), ...machine(), commit: commit() }
    writeFileSync(values.json, `${JSON.stringify({ ...about, rows }, undefined, 2)}\n`)
  }
  const missed = rows.filter((row) => !isMet(row)).length
  say(`\nbar: ${rows.length - missed} passed, ${missed} failed`)
  return missed === 0 ? 0 : 1
})

function say(line: string): void {
  console.log(line)
}

function machine(): { readonly cores: number; readonly node: string } {
  return { cores: cpus().length, node: process.versions.node }
}

function commit(): string {
  return spawnSync('git', ['rev-parse', 'HEAD'], { encoding: 'utf8' }).stdout.trim()
}
