// Prints what a step costs (CPU, wall time, memory, bytes of JavaScript), over loopback, and what `install` costs by each way.
import { spawn } from 'node:child_process'
import { mkdtempSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { benchInstall } from '../bench/install.ts'
import { startIssuer } from '../../__tests__/support/issuer.ts'

const root = join(import.meta.dirname, '..', '..')
const RUNS = Number(process.argv[2] ?? 15)

interface Sample {
  readonly cpu: number
  readonly wall: number
  readonly memory: number
}

/** Loaded before the step: tells what it has used, and which files of dist it has read. */
const PROBE = `
import { registerHooks } from 'node:module'
import { writeFileSync } from 'node:fs'
const read = new Set()
registerHooks({ load(url, context, next) { if (url.startsWith('file:')) read.add(url); return next(url, context) } })
process.on('exit', () => {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage()
  writeFileSync(process.env.DBT_OIDC_PROBE, JSON.stringify({ cpu: (userCPUTime + systemCPUTime) / 1000, rss: maxRSS / 1024, read: [...read] }))
})
`

await using issuer = await startIssuer()
const scratch = mkdtempSync(join(tmpdir(), 'dbt-oidc-bench-'))
try {
  writeFileSync(join(scratch, 'probe.mjs'), PROBE)
  mkdirSync(join(scratch, 'workspace'))
  writeFileSync(join(scratch, 'workspace', 'dbt_project.yml'), 'name: bench\nprofile: bench\n')
  const rows: [string, Sample[]][] = [
    ['node -e 0', []],
    ['dbt-oidc, duckdb, until exchange', []],
    ['dbt-oidc, snowflake, until exchange', []],
  ]
  let bytes = 0
  // Interleaved, so that a machine that slows down slows all rows; the first round warms up and is not counted.
  for (let round = 0; round <= RUNS; round += 1) {
    for (const [name, samples] of rows) {
      const { sample, read } = await once(name)
      if (name.includes('duckdb')) bytes = read
      if (round > 0) samples.push(sample)
    }
  }
  console.log(
    `| process (n = ${RUNS}) | CPU ms min/med | wall ms min/med | memory MiB med |\n|---|---|---|---|`,
  )
  for (const [name, samples] of rows) {
    console.log(
      `| ${name} | ${both(samples.map((s) => s.cpu))} | ${both(samples.map((s) => s.wall))} | ${median(samples.map((s) => s.memory)).toFixed(0)} |`,
    )
  }
  console.log(
    `\nJavaScript of dist that a DuckDB run opens: ${(bytes / 1000).toFixed(0)} kB (at most 650 kB)`,
  )
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
// Each of its rounds fetches a hundred megabytes.
await benchInstall(Math.min(RUNS, 3))

async function once(name: string): Promise<{ sample: Sample; read: number }> {
  const probe = join(scratch, 'probe.json')
  const args = name.startsWith('node') ? ['-e', '0'] : [join(root, 'dist', 'main.js')]
  const started = performance.now()
  const child = spawn(process.execPath, ['--import', join(scratch, 'probe.mjs'), ...args], {
    env: { ...environment(name), DBT_OIDC_PROBE: probe },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const output = await child.stdout.toArray()
  if (child.exitCode === null) await new Promise((resolve) => child.once('exit', resolve))
  if (child.exitCode !== 0)
    throw new Error(`${name} ended with ${child.exitCode}:\n${Buffer.concat(output).toString()}`)
  const wall = performance.now() - started
  const { cpu, rss, read } = JSON.parse(readFileSync(probe, 'utf8')) as {
    cpu: number
    rss: number
    read: string[]
  }
  const ours = read.map((url) => new URL(url).pathname).filter((path) => path.startsWith(join(root, 'dist')))
  return {
    sample: { cpu, wall, memory: rss },
    read: ours.reduce((sum, path) => sum + statSync(path).size, 0),
  }
}

function environment(name: string): Record<string, string> {
  const file = (part: string): string => {
    const path = join(scratch, part)
    writeFileSync(path, '')
    return path
  }
  const connection = name.includes('snowflake')
    ? '{ type: snowflake, account: acme, database: D, schema: S }'
    : '{ type: duckdb, path: bench.duckdb }'
  return {
    PATH: process.env['PATH'] ?? '',
    GITHUB_SERVER_URL: issuer.serverUrl,
    GITHUB_REPOSITORY: 'o/r',
    GITHUB_WORKSPACE: join(scratch, 'workspace'),
    RUNNER_TEMP: scratch,
    GITHUB_OUTPUT: file('output'),
    GITHUB_STATE: file('state'),
    GITHUB_ENV: file('env'),
    ACTIONS_ID_TOKEN_REQUEST_URL: issuer.requestUrl,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: issuer.requestToken,
    INPUT_CONNECTION: connection,
    INPUT_REF: 'refs/heads/main',
    INPUT_UNTIL: 'exchange',
  }
}

function both(values: readonly number[]): string {
  return `${Math.min(...values).toFixed(0)} / ${median(values).toFixed(0)}`
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}
