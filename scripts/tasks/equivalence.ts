// Holds every trust to its policy on 10,000 changed tokens for each platform; PROPERTY_SEED chooses other ones.
import { runJest } from '../jest.ts'
import { task } from '../task.ts'

await task(async () => {
  process.env['PROPERTY_RUNS'] ??= '10000'
  const { passed, failed, exitCode } = await runJest([
    '__tests__/trust-equivalence.test.ts',
    ...process.argv.slice(2),
  ])
  console.log(`equivalence: ${passed} passed, ${failed} failed`)
  return exitCode
})
