import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { startIssuer } from '../../__tests__/support/issuer.ts'
import { GRANTED } from '../../__tests__/support/job.ts'
import { QUIET } from '../../__tests__/support/process.ts'
import { createScratch, removeScratch, type Scratch } from '../../__tests__/support/scratch.ts'
import { createCommandFiles, fileEnv, inputEnv, jobEnv, tokenEnv } from '../../__tests__/support/step-env.ts'
import { ensurePython } from '../python.ts'
import { spread, type Spread } from './figures.ts'
import type { Figure } from './judged.ts'

/** Seconds of the same dbt commands by themselves and in the step. */
export interface WithDbt {
  readonly bare: Spread
  readonly step: Spread
  /** With all that dbt can say: through `cat`, and through the step. */
  readonly cat: Spread
  readonly streamed: Spread
  /** Bytes of it. */
  readonly bytes: number
}

const ROOT = join(import.meta.dirname, '..', '..')
const PROJECT = join(ROOT, 'demo', 'project')

interface Ran {
  readonly seconds: number
  readonly bytes: number
}

/** Builds the demo project by each way in turn, every time in a directory of its own. */
export async function compareDbt(rounds: number): Promise<WithDbt> {
  const { bin } = await ensurePython('duckdb')
  await using issuer = await startIssuer()
  const bare = (line: string) => inWorkspace((scratch) => byItself(line, scratch, bin))
  const step = (run: string) =>
    inWorkspace((scratch) => {
      const files = createCommandFiles(scratch)
      return timed(process.execPath, [join(ROOT, 'dist', 'main.js')], scratch, {
        ...jobEnv(scratch, issuer, undefined),
        ...inputEnv(join(ROOT, 'action.yml'), { ...GRANTED, run }, ''),
        ...QUIET,
        ...tokenEnv(issuer),
        ...fileEnv(files),
        PATH: pathOf(bin),
      })
    })
  const ways = [
    () => bare('dbt build'),
    () => step('build'),
    () => bare('dbt --debug build | cat'),
    () => step('--debug build'),
  ]
  const all: Ran[][] = ways.map(() => [])
  // The first round warms up and is not counted.
  for (let round = 0; round <= rounds; round += 1)
    for (const [at, way] of ways.entries()) {
      const ran = await way()
      if (round > 0) all[at]?.push(ran)
    }
  const [bareRuns = [], stepRuns = [], catRuns = [], streamedRuns = []] = all
  const seconds = (runs: readonly Ran[]): Spread => spread(runs.map((one) => one.seconds))
  return {
    bare: seconds(bareRuns),
    step: seconds(stepRuns),
    cat: seconds(catRuns),
    streamed: seconds(streamedRuns),
    bytes: catRuns[0]?.bytes ?? 0,
  }
}

async function inWorkspace(run: (scratch: Scratch) => Promise<Ran>): Promise<Ran> {
  const scratch = createScratch()
  try {
    cpSync(PROJECT, scratch.workspace, { recursive: true })
    return await run(scratch)
  } finally {
    removeScratch(scratch)
  }
}

function byItself(line: string, scratch: Scratch, bin: string): Promise<Ran> {
  const profiles = join(scratch.home, 'profiles')
  mkdirSync(profiles)
  const target = { type: 'duckdb', path: 'prod.duckdb' }
  writeFileSync(
    join(profiles, 'profiles.yml'),
    JSON.stringify({ shop: { target: 'prod', outputs: { prod: target } } }),
  )
  return timed('sh', ['-c', line], scratch, {
    ...QUIET,
    PATH: pathOf(bin),
    HOME: scratch.home,
    DBT_PROFILES_DIR: profiles,
  })
}

function pathOf(bin: string): string {
  return [bin, '/usr/local/bin', '/usr/bin', '/bin'].join(delimiter)
}

async function timed(
  command: string,
  args: readonly string[],
  { workspace }: Scratch,
  env: Readonly<Record<string, string>>,
): Promise<Ran> {
  const started = performance.now()
  const child = spawn(command, args, { cwd: workspace, env, stdio: ['ignore', 'pipe', 'inherit'] })
  let [bytes, tail] = [0, '']
  child.stdout.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    tail = `${tail}${chunk.toString()}`.slice(-2000)
  })
  const [exitCode] = (await once(child, 'close')) as [number | null]
  if (exitCode !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${exitCode}:\n${tail}`)
  return { seconds: (performance.now() - started) / 1000, bytes }
}

/** The same as lines for people, with what the bar says of it. */
export function dbtFigures({ bare, step, cat, streamed }: WithDbt): readonly Figure[] {
  const more = step.min - bare.min
  const ratio = streamed.min / cat.min
  return [
    {
      name: '`dbt build`: what the step adds',
      measured: `${more.toFixed(2)} s to ${bare.min.toFixed(2)} s`,
      bar: 'at most 0.3 s',
      met: more <= 0.3,
    },
    {
      name: '`dbt --debug build`: time of the step by that of a pipe through `cat`',
      measured: ratio.toFixed(2),
      bar: 'at most 1.2',
      met: ratio <= 1.2,
    },
  ]
}
