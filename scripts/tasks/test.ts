// Tests everything: brings what the tests need (Python with dbt), then runs jest. Arguments narrow it to paths.
import { availableParallelism } from 'node:os'
import { runJest } from '../jest.ts'
import { bring } from '../needs.ts'
import { task } from '../task.ts'

/** More than there are cores, since half of what a test does is waiting for others; jest takes no share above 100 %. */
const WORKERS = Math.ceil(availableParallelism() * 1.5)

await task(async () => {
  await bring('test')
  const { passed, failed, exitCode } = await runJest([`--maxWorkers=${WORKERS}`, ...process.argv.slice(2)], {
    kept: 'test',
  })
  console.log(`${passed} passed, ${failed} failed`)
  return exitCode
})
