import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ELSEWHERE } from '../../__tests__/hostile/elsewhere.ts'
import { IDS } from '../../__tests__/hostile/ids.ts'
import { runJest } from '../jest.ts'
import { bring } from '../needs.ts'

import { keptResults, type TestResult } from '../results.ts'
import { filesOf, type Corpus } from './cases.ts'
import type { Class } from './classes.ts'
import type { Form } from './volume.ts'

/** The corpus of hostile inputs, and who plays it. */
export const CORPUS: Corpus = { ids: IDS, elsewhere: ELSEWHERE }

const TESTS = join(import.meta.dirname, '..', '..', '__tests__')

/** How often each property is tried in the long form. */
const LONG = '10000'

/**
 * The suites that hold these lines. The long form runs them, with its properties as often as it says; the short one
 * takes what `npm test` and `npm run test:servers` have just found on these sources, and runs what they left out.
 */
export async function suitesOf(classes: readonly Class[], form: Form): Promise<readonly TestResult[]> {
  const files = [...new Set(classes.flatMap((one) => filesOf(one, CORPUS)))].toSorted()
  if (form === 'long') {
    process.env['PROPERTY_RUNS'] ??= LONG
    return run(files)
  }
  const kept = [...keptResults('test'), ...keptResults('servers')]
  const known = new Set(kept.map(({ file }) => file))
  return [...kept, ...(await run(files.filter((file) => !known.has(file))))]
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
