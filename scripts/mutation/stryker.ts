import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod/mini'
import type { Part } from './groups.ts'
import { TESTS } from './runner.ts'

/** What became of one mutant, in Stryker's words. */
export type Status = 'Killed' | 'Timeout' | 'Survived' | 'NoCoverage' | 'RuntimeError' | 'CompileError'

export interface Mutant {
  readonly file: string
  readonly line: number
  readonly mutator: string
  /** The text that was replaced, and by what; in one line each. */
  readonly was: string
  readonly now: string
  readonly status: Status
}

const ROOT = join(import.meta.dirname, '..', '..')
const TOOL = join(ROOT, 'toolchain', 'stryker')
const CACHE = '.cache/mutation'

const Place = z.object({ line: z.number(), column: z.number() })
const Report = z.object({
  files: z.record(
    z.string(),
    z.object({
      source: z.string(),
      mutants: z.array(
        z.object({
          mutatorName: z.string(),
          replacement: z._default(z.string(), ''),
          status: z.enum([
            'Killed',
            'Timeout',
            'Survived',
            'NoCoverage',
            'RuntimeError',
            'CompileError',
            'Ignored',
          ]),
          location: z.object({ start: Place, end: Place }),
        }),
      ),
    }),
  ),
})

/** Breaks the sources of a part, one mutant at a time, and tells of each what its tests made of it. */
export async function mutate(name: string, { sources, tests }: Part): Promise<readonly Mutant[]> {
  await ensureStryker()
  mkdirSync(join(ROOT, CACHE), { recursive: true })
  const file = join(ROOT, CACHE, `${name}.config.json`)
  const report = `${CACHE}/${name}.report.json`
  rmSync(join(ROOT, report), { force: true })
  rmSync(join(ROOT, CACHE, `${name}.sandbox`), { recursive: true, force: true })
  writeFileSync(file, JSON.stringify(configuration(sources, report, `${CACHE}/${name}.sandbox`)))
  const child = spawn(
    process.execPath,
    [join(TOOL, 'node_modules/@stryker-mutator/core/bin/stryker.js'), 'run', file],
    {
      cwd: ROOT,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: {
        ...process.env,
        NODE_OPTIONS: '--disable-warning=ExperimentalWarning',
        // A mutant that a hundred values do not show is one that a case of its own should.
        PROPERTY_RUNS: '100',
        [TESTS]: tests.join(','),
      },
    },
  )
  await once(child, 'exit')
  if (!existsSync(join(ROOT, report)))
    throw new Error('Stryker has made no report; what it says stands above.')
  return read(readFileSync(join(ROOT, report), 'utf8'))
}

function configuration(sources: readonly string[], report: string, sandbox: string): unknown {
  return {
    mutate: sources,
    plugins: [join(import.meta.dirname, 'runner.ts')],
    testRunner: 'in-process',
    // What a mutant has loaded is never let go.
    maxTestRunnerReuse: 200,
    coverageAnalysis: 'perTest',
    concurrency: 1,
    // On a busy machine a test that is slow is no proof: only what never ends counts as found by its time.
    timeoutMS: 15_000,
    timeoutFactor: 2,
    reporters: ['json', 'progress-append-only'],
    jsonReporter: { fileName: report },
    // Never incremental: a constant that once lived would be let live for ever, whatever tests there are by now.
    tempDirName: sandbox,
    cleanTempDir: 'always',
    ignorePatterns: ['dist', 'demo', 'lib', '.cache', '.github', 'toolchain'],
    // Stryker would read the configuration of TypeScript by an interface that TypeScript 7 no longer has.
    tsconfigFile: 'none',
    warnings: { slow: false },
    allowConsoleColors: false,
  }
}

function read(json: string): readonly Mutant[] {
  const { files } = Report.parse(JSON.parse(json))
  return Object.entries(files).flatMap(([file, { source, mutants }]) =>
    mutants.flatMap(({ mutatorName, replacement, status, location: { start, end } }) =>
      status === 'Ignored'
        ? []
        : [
            {
              file,
              line: start.line,
              mutator: mutatorName,
              was: oneLine(source.slice(offset(source, start), offset(source, end))),
              now: oneLine(replacement),
              status,
            },
          ],
    ),
  )
}

/** Stryker counts lines and columns from 1. */
function offset(source: string, { line, column }: z.infer<typeof Place>): number {
  const before = source.split('\n').slice(0, line - 1)
  return before.reduce((sum, text) => sum + text.length + 1, 0) + column - 1
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim()
}

/** Stryker in a folder of its own: its many packages are nobody's who does not ask for this task. */
async function ensureStryker(): Promise<void> {
  const stamp = join(TOOL, 'node_modules', '.made-from')
  const digest = createHash('sha256')
    .update(readFileSync(join(TOOL, 'package-lock.json')))
    .digest('hex')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return
  process.stderr.write('Installing Stryker (once) ...\n')
  const child = spawn('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: TOOL,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  })
  const [code] = await once(child, 'exit')
  if (code !== 0) throw new Error('npm ci failed in toolchain/stryker; what npm says stands above.')
  writeFileSync(stamp, digest)
}
