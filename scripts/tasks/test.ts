// Tests everything: brings what the tests need (Python with dbt), then runs jest. Arguments narrow it to paths.
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
}
