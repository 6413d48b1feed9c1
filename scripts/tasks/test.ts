// Tests everything: brings what the tests need (Python with dbt), then runs jest. Arguments narrow it to paths.
import { runJest } from '../jest.ts'
import { bring } from '../needs.ts'
import { task } from '../task.ts'

await task(async () => {
  await bring('test')
  // Half of what a test does is waiting for others, so that a worker more than there are cores has one to work on.
  const { passed, failed, exitCode } = await runJest(['--maxWorkers=150%', ...process.argv.slice(2)], {
    kept: 'test',
  })
  console.log(`${passed} passed, ${failed} failed`)
  return exitCode
})
