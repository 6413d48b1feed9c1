import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod/mini'
import { startIssuer } from '../../__tests__/support/issuer.ts'
import { installDbtStub, type Behaviour } from '../../__tests__/support/dbt-stub.ts'
import { GRANTED, PROJECT } from '../../__tests__/support/job.ts'
import { createScratch, removeScratch, writeFiles } from '../../__tests__/support/scratch.ts'
import { createCommandFiles, fileEnv, inputEnv, jobEnv, tokenEnv } from '../../__tests__/support/step-env.ts'

/** What one run of the built action took. */
export interface Taken {
  /** Seconds from its start to its end. */
  readonly seconds: number
  /** Seconds of these after dbt had ended. */
  readonly afterwards: number
  /** Seconds for which its process, without dbt, had a processor. */
  readonly processor: number
  /** Most memory of its process at one time, in MB. */
  readonly megabytes: number
  readonly exitCode: number
  /** Bytes that it printed. */
  readonly printed: number
  /** Bytes of its job summary. */
  readonly summary: number
  /** The end of what it printed. */
  readonly tail: string
}

const ROOT = join(import.meta.dirname, '..', '..')

/** Loaded before the step: writes down at its end what it has used. */
const PROBE = `
const { writeFileSync } = process.getBuiltinModule('node:fs')
process.on('exit', () => writeFileSync(process.env.DBT_OIDC_PROBE, JSON.stringify(process.resourceUsage())))
`

const Used = z.object({ maxRSS: z.number(), userCPUTime: z.number(), systemCPUTime: z.number() })

/** Runs the built action with a dbt that behaves so, and counts what it prints without keeping it. */
export async function measure(behaviour: Behaviour): Promise<Taken> {
  const scratch = createScratch()
  await using issuer = await startIssuer()
  try {
    const stub = await installDbtStub(join(scratch.home, 'env'), { behaviours: { build: behaviour } })
    writeFiles(scratch.workspace, PROJECT)
    const files = createCommandFiles(scratch)
    const probe = join(scratch.home, 'probe.mjs')
    writeFileSync(probe, PROBE)
    const env = {
      ...jobEnv(scratch, issuer, undefined),
      ...inputEnv(join(ROOT, 'action.yml'), GRANTED, ''),
      ...tokenEnv(issuer),
      ...fileEnv(files),
      PATH: [stub.bin, '/usr/local/bin', '/usr/bin', '/bin'].join(':'),
      DBT_OIDC_PROBE: join(scratch.home, 'used'),
    }
    const started = performance.now()
    const child = spawn(process.execPath, ['--import', probe, join(ROOT, 'dist', 'main.js')], {
      cwd: scratch.workspace,
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let printed = 0
    let ended = started
    let tail = Buffer.alloc(0)
    child.stdout.on('data', (chunk: Buffer) => {
      printed += chunk.length
      if (chunk.includes('::endgroup::')) ended = performance.now()
      tail = Buffer.concat([tail, chunk.subarray(-2000)]).subarray(-2000)
    })
    const [exitCode] = (await once(child, 'close')) as [number]
    const used = Used.parse(JSON.parse(readFileSync(env.DBT_OIDC_PROBE, 'utf8')))
    return {
      seconds: (performance.now() - started) / 1000,
      afterwards: (performance.now() - ended) / 1000,
      processor: (used.userCPUTime + used.systemCPUTime) / 1e6,
      megabytes: used.maxRSS / 1000,
      exitCode,
      printed,
      summary: statSync(files.summary).size,
      tail: tail.toString(),
    }
  } finally {
    removeScratch(scratch)
  }
}
