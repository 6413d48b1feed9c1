// Tests against real servers of others (Keycloak, Trino ...): downloads them once, which needs Maven and about 1 GB.
import { join } from 'node:path'
import { runJest } from '../jest.ts'
import { bring } from '../needs.ts'
import { task } from '../task.ts'

const SPECS = join(import.meta.dirname, '..', '..', '__tests__', 'servers')

/** The beginnings of their names: they wait for what they use to end, three times over, and do little else. */
const WAITING = ['outlives', 'redshift']

/** Specs that run beside others; the arguments of the command may leave nothing of one lane. */
function lane(names: string, workers: number): readonly string[] {
  return ['--testMatch', join(SPECS, `${names}.spec.ts`), `--maxWorkers=${workers}`, '--passWithNoTests']
}

await task(async () => {
  const given = process.argv.slice(2)
  await bring(...(given.length === 0 ? (['downloads', 'servers'] as const) : (['servers'] as const)))
  // These are named otherwise than the tests, since most changes need no server of anybody else.
  const lanes = await Promise.all([
    runJest([...given, ...lane(`{${WAITING.join(',')}}*`, 6)]),
    // Two servers at a time: each takes half a gigabyte of memory, and both cores while it starts. The others' clocks tick meanwhile.
    runJest([...given, ...lane('*', 2), '--testPathIgnorePatterns', `/(${WAITING.join('|')})[^/]*$`], {
      gentle: true,
      kept: 'servers',
    }),
  ])
  const sum = (key: 'passed' | 'failed' | 'exitCode'): number => lanes.reduce((all, one) => all + one[key], 0)
  const [passed, failed] = [sum('passed'), sum('failed')]
  console.log(`servers: ${passed} passed, ${failed} failed`)
  return passed === 0 || sum('exitCode') > 0 ? 1 : 0
})
