import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Gives a run of tests its own directory for temporary files: what tests, and programs that they start, leave there ends with it. */
export default function open() {
  // Short, since sockets stand below it, whose paths have about a hundred bytes.
  const place = mkdtempSync(join(tmpdir(), 'tests-'))
  // As open as /tmp itself: a server that will not be root lives there as somebody else.
  chmodSync(place, 0o1777)
  // Programs of the tests are scripts as they come: nothing that lies above says what their kind is.
  writeFileSync(join(place, 'package.json'), '{}')
  // Workers and their children take it from here.
  const names = ['TMPDIR', 'TEMP', 'TMP']
  const before = names.map((name) => [name, process.env[name]])
  for (const name of names) process.env[name] = place
  globalThis.removeTemp = () => {
    rmSync(place, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
    // Who tests mutants runs the tests a thousand times in one process.
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
  }
}
