// Tests everything: brings what the tests need (Python with dbt), then runs jest. Arguments narrow it to paths.
import { fixtureDist } from '../../__tests__/support/fixture-dist.ts'
import { runJest } from '../jest.ts'
import { ensurePython } from '../python.ts'
import { task } from '../task.ts'

await task(async () => {
  await prepare()
  const { passed, failed, exitCode } = await runJest(['--maxWorkers=100%', ...process.argv.slice(2)])
  console.log(`${passed} passed, ${failed} failed`)
  return exitCode
})

/** Whatever must stand before the first test; each part is reused by the next run. */
async function prepare(): Promise<void> {
  await ensurePython('dbt')
  // The parser of SQL by which what is printed for warehouses is judged.
  await ensurePython('trust')
  // The action with the fixture's exchange in it takes as long to build as the action, which is no part of a test's time.
  await fixtureDist()
}
