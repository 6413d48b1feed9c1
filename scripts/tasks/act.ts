// Runs workflows that use the built action on an independent runner, nektos/act in host mode (needs Go, once).
import { join } from 'node:path'
import { runJest } from '../jest.ts'
import { bring } from '../needs.ts'
import { task } from '../task.ts'

await task(async () => {
  await bring('act')
  // These are named otherwise than the tests, since a machine without Go must be able to run all of the tests.
  const specs = ['--testMatch', join(import.meta.dirname, '..', '..', '__tests__', 'act', '*.spec.ts')]
  const { passed, failed, exitCode } = await runJest([...specs, '--runInBand', ...process.argv.slice(2)])
  console.log(`act: ${passed} passed, ${failed} failed`)
  return exitCode
})
