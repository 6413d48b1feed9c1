import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import * as z from 'zod/mini'
import { sourcesHash } from './sources.ts'

/** How one test ended. */
export interface TestResult {
  /** Below `__tests__/`. */
  readonly file: string
  /** Of the groups that it stands in, the outermost first, and its own. */
  readonly titles: readonly string[]
  readonly passed: boolean
}

const ROOT = dirname(import.meta.dirname)
const TESTS = join(ROOT, '__tests__')

/** What jest says of a run, as far as anybody here reads it. */
export const JestReport = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  /** Files that could not even be loaded; their tests are in no other number. */
  numRuntimeErrorTestSuites: z.number(),
  numPendingTests: z.number(),
  testResults: z.array(
    z.object({
      name: z.string(),
      startTime: z.number(),
      endTime: z.number(),
      status: z.string(),
      assertionResults: z.array(
        z.object({ ancestorTitles: z.array(z.string()), title: z.string(), status: z.string() }),
      ),
    }),
  ),
})
export type JestReport = z.infer<typeof JestReport>

const Kept = z.object({
  sources: z.string(),
  results: z.array(z.object({ file: z.string(), titles: z.array(z.string()), passed: z.boolean() })),
})

/** The tests in a report of jest. A file without any, since it could not be loaded, is one test that failed. */
export function resultsOf({ testResults }: JestReport): readonly TestResult[] {
  return testResults.flatMap(({ name, status, assertionResults }) => {
    const file = relative(TESTS, name)
    if (assertionResults.length === 0) return [{ file, titles: [file], passed: status === 'passed' }]
    return assertionResults.map(({ ancestorTitles, title, status: of }) => ({
      file,
      titles: [...ancestorTitles, title],
      passed: of === 'passed',
    }))
  })
}

/** Keeps what a run of this name has found, for whoever asks on the same sources. */
export function keepResults(name: string, sources: string, results: readonly TestResult[]): void {
  mkdirSync(dirname(placeOf(name)), { recursive: true })
  writeFileSync(placeOf(name), JSON.stringify({ sources, results }))
}

/** What the last run of this name has found; nothing where a source has changed since. */
export function keptResults(name: string): readonly TestResult[] {
  if (!existsSync(placeOf(name))) return []
  const { sources, results } = Kept.parse(JSON.parse(readFileSync(placeOf(name), 'utf8')))
  return sources === sourcesHash() ? results : []
}

function placeOf(name: string): string {
  return join(ROOT, '.cache', 'results', `${name}.json`)
}
