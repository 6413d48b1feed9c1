// Tests against real servers of others (Keycloak, Trino ...): downloads them once, which needs Maven and about 1 GB.
// `--lane=waiting` and `--lane=busy` run a part of them: the gate has something else to do while the first waits.
import { join } from 'node:path'
import { runJest, type Manner } from '../jest.ts'
import { bring } from '../needs.ts'
import { task } from '../task.ts'

const SPECS = join(import.meta.dirname, '..', '..', '__tests__', 'servers')

/** The beginnings of their names: they wait for what they use to end, three times over, and do little else. */
const WAITING = ['outlives', 'redshift']

/** Specs that run one beside another; the arguments of the command may leave nothing of one lane. */
interface Lane {
  readonly args: readonly string[]
  readonly manner?: Manner
}

const LANES: ReadonlyMap<string, Lane> = new Map([
  ['waiting', { args: specs(`{${WAITING.join(',')}}*`, 6) }],
  // Two servers at a time: each takes half a gigabyte of memory, and both cores while it starts. The others' clocks tick meanwhile.
  [
    'busy',
    {
      args: [...specs('*', 2), '--testPathIgnorePatterns', `/(${WAITING.join('|')})[^/]*$`],
      manner: { gentle: true, kept: 'servers' },
    },
  ],
])

function specs(names: string, workers: number): readonly string[] {
  return ['--testMatch', join(SPECS, `${names}.spec.ts`), `--maxWorkers=${workers}`, '--passWithNoTests']
}

function lanesOf(name: string | undefined): readonly Lane[] {
  if (name === undefined) return [...LANES.values()]
  const lane = LANES.get(name)
  if (!lane) throw new Error(`There is no lane "${name}": ${[...LANES.keys()].join(', ')}.`)
  return [lane]
}

await task(async () => {
  const [, named] = /^--lane=(.*)$/.exec(process.argv[2] ?? '') ?? []
  const given = process.argv.slice(named === undefined ? 2 : 3)
  const lanes = lanesOf(named)
  await bring(...(given.length === 0 ? (['downloads', 'servers'] as const) : (['servers'] as const)))
  // These are named otherwise than the tests, since most changes need no server of anybody else.
  const outcomes = await Promise.all(lanes.map(({ args, manner }) => runJest([...given, ...args], manner)))
  const sum = (key: 'passed' | 'failed' | 'exitCode'): number =>
    outcomes.reduce((all, one) => all + one[key], 0)
  const [passed, failed] = [sum('passed'), sum('failed')]
  console.log(`servers: ${passed} passed, ${failed} failed`)
  return passed === 0 || sum('exitCode') > 0 ? 1 : 0
})
