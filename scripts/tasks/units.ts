// Tests what needs no other program and no rights of a Unix: the part of the tests that runs on Windows and macOS.
import { unitTests } from '../units.ts'
import { runJest } from '../jest.ts'
import { task } from '../task.ts'

await task(async () => {
  const { passed, failed, exitCode } = await runJest(['--runTestsByPath', ...unitTests()])
  console.log(`${passed} passed, ${failed} failed`)
  return exitCode
})
