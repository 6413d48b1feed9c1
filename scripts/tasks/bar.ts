// Measures and counts what the bar asks for: `--short` for a gate, `--only NAME` for a line, `--json FILE` for the figures.
import { spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { lines, NAMES } from '../bar/lines.ts'
import { keepRows } from '../bar/record.ts'
import { isMet, tableOf } from '../bar/row.ts'
import { task } from '../task.ts'

const HELP = `npm run bar -- [--short] [--only NAME]... [--json FILE]

  --short      for a gate: takes what the tests have just found, and leaves out mutants and coverage
  --only NAME  one line, or some of them:
               ${NAMES.join('\n               ')}
  --json FILE  puts the figures into this file, of which docs/bar.json and \`npm run generate\` make docs/bar.md

Without --short each property is tried 10,000 times (PROPERTY_RUNS), which takes an hour or so. The exit code is 1 where
a line does not hold.
`

await task(async () => {
  const { values } = parseArgs({
    options: {
      short: { type: 'boolean' },
      only: { type: 'string', multiple: true },
      json: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (values.help) {
    say(HELP)
    return 0
  }
  const unknown = (values.only ?? []).filter((name) => !NAMES.includes(name))
  if (unknown.length > 0) throw new Error(`Which line is ${unknown.join(', ')}? ${NAMES.join(', ')}.`)
  const form = values.short ? 'short' : 'long'
  const rows = await lines(values.only ?? NAMES, form, say)
  for (const line of ['', ...tableOf(rows, '; ')]) say(line)
  if (values.json !== undefined) {
    const measured = rows.map((row) => ({ ...row, form, ...circumstances() }) as const)
    keepRows(values.json, measured, NAMES)
  }
  const missed = rows.filter((row) => !isMet(row)).length
  say(`\nbar: ${rows.length - missed} passed, ${missed} failed`)
  return missed === 0 ? 0 : 1
})

function say(line: string): void {
  console.log(line)
}

/** When and on what the figures were measured. */
function circumstances() {
  const { stdout } = spawnSync('git', ['rev-parse', '--short=10', 'HEAD'], { encoding: 'utf8' })
  return {
    when: new Date().toISOString().slice(0, 10),
    commit: stdout.trim(),
    node: Number(process.versions.node.split('.')[0]),
    cores: availableParallelism(),
  }
}
