// Prints what a step costs (CPU, wall time, memory, bytes of JavaScript, requests), by itself or beside other actions, over loopback.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { BARE, contests, ownContests } from '../bench/contests.ts'
import { compareDbt, dbtFigures } from '../bench/dbt.ts'
import { compete, table } from '../bench/figures.ts'
import { benchInstall } from '../bench/install.ts'
import { judged } from '../bench/judged.ts'
import { PEERS, peersIn } from '../bench/peers.ts'
import { openWorld } from '../bench/world.ts'
import { task } from '../task.ts'

const HELP = `npm run bench -- [--peers DIR] [--json FILE] [--rounds N] [--no-dbt] [--no-install]

  --peers DIR   runs beside ours, for the same exchange and one after the other in each round, the actions that DIR holds:
                ${PEERS.join('\n                ')}
                each a checkout of a release, as DIR/owner/name or DIR/owner+name, with action.yml and its built bundle
  --json FILE   writes the figures there, too
  --rounds N    how often each is run (15); one more warms up
  --no-dbt      leaves out what the step adds to a dbt build of the demo project, and to all that dbt can say
  --no-install  leaves out what \`install\` takes, whose rounds fetch a hundred megabytes each

All of them speak plain HTTP to one server on loopback, which verifies what it gets as the real services do. The exit
code is 1 where a figure of the bar is missed.
`

await task(async () => {
  const { values } = parseArgs({
    options: {
      peers: { type: 'string' },
      json: { type: 'string' },
      rounds: { type: 'string', default: '15' },
      'no-dbt': { type: 'boolean', default: false },
      'no-install': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return told(HELP)
  const rounds = Number(values.rounds)
  if (!(rounds >= 1)) throw new Error(`--rounds ${values.rounds} is no number of rounds.`)
  const scratch = mkdtempSync(join(tmpdir(), 'dbt-oidc-bench-'))
  await using world = await openWorld()
  try {
    const beside = values.peers === undefined ? undefined : peersIn(values.peers)
    const chosen = beside ? contests(world, beside, scratch) : ownContests(world, scratch)
    const bare = { title: 'the bare runtime', note: '', ours: BARE }
    const results = await compete([bare, ...chosen], world, rounds)
    console.log(
      `n = ${rounds}, Node ${process.versions.node}, ${cpus().length} cores; pairs are least / median\n`,
    )
    console.log(table(results))
    const dbt = values['no-dbt'] ? undefined : await compareDbt(Math.min(rounds, 5))
    const figures = [...judged(results), ...(dbt ? dbtFigures(dbt) : [])]
    console.log()
    for (const { name, measured, bar, met } of figures)
      console.log(`${met ? '✓' : '✗'} ${name}: ${measured} (${bar})`)
    if (values.json !== undefined) {
      const machine = { node: process.versions.node, cpu: cpus()[0]?.model ?? '', cores: cpus().length }
      writeFileSync(
        values.json,
        `${JSON.stringify({ ...machine, rounds, results, dbt, figures }, undefined, 2)}\n`,
      )
    }
    if (!beside && !values['no-install']) await benchInstall(Math.min(rounds, 3))
    return figures.every(({ met }) => met) ? 0 : 1
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
})

function told(text: string): number {
  console.log(text)
  return 0
}
