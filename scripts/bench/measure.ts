import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createScratch, removeScratch, writeFiles } from '../../__tests__/support/scratch.ts'
import { createCommandFiles, fileEnv, inputEnv, jobEnv, tokenEnv } from '../../__tests__/support/step-env.ts'
import type { Contestant } from './contests.ts'
import type { World } from './world.ts'

/** What one run has used. */
export interface Sample {
  /** Milliseconds of CPU in user and system mode, all threads together. */
  readonly cpu: number
  /** Milliseconds from its start to its end. */
  readonly wall: number
  /** Most memory at one time, in MiB. */
  readonly memory: number
  readonly requests: number
}

/** Loaded before a contestant; CommonJS, which costs those that are built so no loader of modules. */
const USED = `
process.on('exit', () => {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage()
  const used = { cpu: (userCPUTime + systemCPUTime) / 1000, memory: maxRSS / 1024 }
  require('node:fs').writeFileSync(process.env.BENCH_PROBE, JSON.stringify(used))
})
`

/** Notes the files that are loaded as programs. */
const LOADED = `
const { registerHooks } = require('node:module')
const loaded = new Set()
registerHooks({
  load(url, context, next) {
    if (url.startsWith('file:') && !url.endsWith('.json')) loaded.add(url)
    return next(url, context)
  },
})
process.on('exit', () => require('node:fs').writeFileSync(process.env.BENCH_PROBE, JSON.stringify([...loaded])))
`

/** Runs a contestant once as a step of a new job. */
export async function measure(contestant: Contestant, world: World): Promise<Sample> {
  const before = world.asked()
  const { wall, told } = await run(contestant, world, USED)
  return { ...(told as { cpu: number; memory: number }), wall, requests: world.asked() - before }
}

/** Bytes of all files that a contestant loads as programs. */
export async function loadedBytes(contestant: Contestant, world: World): Promise<number> {
  const { told } = await run(contestant, world, LOADED)
  const files = (told as string[])
    .map((url) => fileURLToPath(url))
    .filter((file) => !file.endsWith('probe.cjs'))
  return files.reduce((sum, file) => sum + statSync(file).size, 0)
}

async function run(
  { name, args, actionFile, inputs, env, path }: Contestant,
  { issuer }: World,
  probe: string,
): Promise<{ wall: number; told: unknown }> {
  const scratch = createScratch()
  try {
    writeFiles(scratch.workspace, { 'dbt_project.yml': 'name: bench\nprofile: bench\n' })
    const [program, told] = [join(scratch.root, 'probe.cjs'), join(scratch.root, 'told.json')]
    writeFileSync(program, probe)
    const files = createCommandFiles(scratch)
    const started = performance.now()
    const child = spawn(process.execPath, ['--require', program, ...args], {
      cwd: scratch.workspace,
      env: {
        ...jobEnv(scratch, issuer, undefined),
        ...tokenEnv(issuer),
        ...fileEnv(files),
        PATH: [...(path === undefined ? [] : [path]), '/usr/local/bin', '/usr/bin', '/bin'].join(delimiter),
        ...(actionFile !== undefined && inputEnv(actionFile, inputs, '')),
        ...env,
        BENCH_PROBE: told,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const said = Promise.all([child.stdout, child.stderr].map((stream) => stream.toArray()))
    const [exitCode] = (await once(child, 'exit')) as [number | null]
    const wall = performance.now() - started
    if (exitCode !== 0)
      throw new Error(
        `${name} ended with ${exitCode}:\n${Buffer.concat((await said).flat() as Buffer[]).toString()}`,
      )
    return { wall, told: JSON.parse(readFileSync(told, 'utf8')) as unknown }
  } finally {
    removeScratch(scratch)
  }
}
