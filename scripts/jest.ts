import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { constants, setPriority } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { JestReport, keepResults, resultsOf, type TestResult } from './results.ts'
import { sourcesHash } from './sources.ts'

/** What became of a run of jest. */
export interface Outcome {
  readonly passed: number
  /** Tests that failed, files that could not be loaded, and tests that were skipped. */
  readonly failed: number
  readonly exitCode: number
  /** How each test ended. */
  readonly results: readonly TestResult[]
}

const ROOT = dirname(import.meta.dirname)

/** How many of the slowest files are told, and the seconds below which none is. */
const SLOWEST = { files: 10, seconds: 10 }

/** How a run stands to what runs beside it. */
export interface Manner {
  /** Whether it leaves a core to what cannot wait. */
  readonly gentle?: boolean
  /** By this name its results are kept for `npm run bar`. */
  readonly kept?: string
}

/** Runs jest in this terminal with these arguments and counts. */
export async function runJest(args: readonly string[], manner: Manner = {}): Promise<Outcome> {
  const sources = sourcesHash()
  const file = join(ROOT, '.cache', `test-results-${randomUUID()}.json`)
  mkdirSync(dirname(file), { recursive: true })
  try {
    const status = await jest(['--json', `--outputFile=${file}`, ...args], manner)
    const report = read(file)
    for (const line of slowest(report)) console.error(line)
    const { passed, failed } = countsOf(
      report,
      args.some((arg) => /^(-t|--testNamePattern)\b/.test(arg)),
    )
    const results = report === undefined ? [] : resultsOf(report)
    // What a run has found of sources that changed meanwhile is true of nothing.
    if (manner.kept !== undefined && sources === sourcesHash()) keepResults(manner.kept, sources, results)
    return {
      passed,
      failed,
      results,
      exitCode: status || (failed > 0 || (passed === 0 && !args.includes('--passWithNoTests')) ? 1 : 0),
    }
  } finally {
    rmSync(file, { force: true })
  }
}

async function jest(args: readonly string[], { gentle = false }: Manner): Promise<number> {
  const script = join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js')
  // Our packages are ES modules, which jest loads behind this flag only; its workers take it from the environment.
  const NODE_OPTIONS = '--experimental-vm-modules --disable-warning=ExperimentalWarning'
  const child = spawn(process.execPath, [script, ...args], {
    cwd: ROOT,
    // With --json jest repeats the results on stdout.
    stdio: ['inherit', 'ignore', 'inherit'],
    env: { ...process.env, NODE_OPTIONS },
  })
  if (gentle && child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_BELOW_NORMAL)
  const pass = (signal: NodeJS.Signals): void => void child.kill(signal)
  process.on('SIGTERM', pass).on('SIGINT', pass)
  await once(child, 'exit')
  process.off('SIGTERM', pass).off('SIGINT', pass)
  return child.exitCode ?? 1
}

function read(file: string): JestReport | undefined {
  try {
    return JestReport.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    return undefined
  }
}

function countsOf(results: JestReport | undefined, byName: boolean): Pick<Outcome, 'passed' | 'failed'> {
  if (!results) return { passed: 0, failed: 1 }
  // A test that is skipped proves nothing, and nobody would see it: only a run narrowed by name may leave some out.
  const skipped = byName ? 0 : results.numPendingTests
  return {
    passed: results.numPassedTests,
    failed: results.numFailedTests + results.numRuntimeErrorTestSuites + skipped,
  }
}

/** The files that a run waits for, in words. */
function slowest(results: JestReport | undefined): readonly string[] {
  const files = (results?.testResults ?? [])
    .map(({ name, startTime, endTime }) => ({ name, seconds: (endTime - startTime) / 1000 }))
    .filter(({ seconds }) => seconds >= SLOWEST.seconds)
    .toSorted((a, b) => b.seconds - a.seconds)
    .slice(0, SLOWEST.files)
  if (files.length === 0) return []
  const rows = files.map(
    ({ name, seconds }) => `  ${seconds.toFixed(0).padStart(4)} s  ${relative(ROOT, name)}`,
  )
  return ['The slowest files:', ...rows]
}
