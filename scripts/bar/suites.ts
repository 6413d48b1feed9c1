import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ELSEWHERE } from '../../__tests__/hostile/elsewhere.ts'
import { IDS } from '../../__tests__/hostile/ids.ts'
import { runJest } from '../jest.ts'
import { bring } from '../needs.ts'

import { keptResults, type TestResult } from '../results.ts'
import { filesOf, type Corpus } from './cases.ts'
import { CLASSES, VOLUME } from './classes.ts'

/** The corpus of hostile inputs, and who plays it. */
export const CORPUS: Corpus = { ids: IDS, elsewhere: ELSEWHERE }

const TESTS = join(import.meta.dirname, '..', '..', '__tests__')
const FILES = [...new Set([...CLASSES, VOLUME].flatMap((one) => filesOf(one, CORPUS)))].toSorted()

/** How often each property is tried in the long form. */
const LONG = '10000'

/** Runs every suite that holds a line of the bar, with its properties in the long form. */
export async function runSuites(): Promise<readonly TestResult[]> {
  process.env['PROPERTY_RUNS'] ??= LONG
  return run(FILES)
}

/** What `npm test` and `npm run test:servers` have just found on these sources; the suites that they left out are run. */
export async function lastSuites(): Promise<readonly TestResult[]> {
  const kept = [...keptResults('test'), ...keptResults('servers')]
  const known = new Set(kept.map(({ file }) => file))
  return [...kept, ...(await run(FILES.filter((file) => !known.has(file))))]
}

async function run(files: readonly string[]): Promise<readonly TestResult[]> {
  const missing = files.filter((file) => !existsSync(join(TESTS, file)))
  if (missing.length > 0) throw new Error(`There is no ${missing.join(', ')} below __tests__/.`)
  if (files.length === 0) return []
  await bring('bar')
  const paths = files.map((file) => join(TESTS, file))
  const { results } = await runJest([
    '--testMatch',
    join(TESTS, '**', '*.{test,spec}.ts'),
    '--runTestsByPath',
    ...paths,
  ])
  return results
}
