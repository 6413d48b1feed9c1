import { execFile } from 'node:child_process'
import { tmpdir } from 'node:os'
import { promisify } from 'node:util'
import * as z from 'zod/mini'
import type { Config } from '../../config.ts'
import type { Target } from '../../config/target.ts'
import { requireAdapter } from '../../dbt/adapter.ts'
import { resolveDbt, type Dbt } from '../../dbt/resolve.ts'
import type { Exec } from '../../dbt/version-output.ts'
import type { Line } from '../../doctor/line.ts'
import { DbtOidcError } from '../../errors.ts'

/** Milliseconds for a program to say its version. */
const PATIENCE = 30_000

/** dbt, its adapter and its Python as the step would find them here, for each of the targets. */
export async function toolLines(
  targets: readonly Target[],
  { install }: Pick<Config, 'install'>,
  workspace: string,
): Promise<readonly Line[]> {
  if (install !== undefined)
    return [{ word: 'dbt', mark: 'open', text: `the step installs it itself: ${install}` }]
  // Outside of a job it is another machine that has to have it.
  const missing = process.env['GITHUB_ACTIONS'] === 'true' ? 'wrong' : 'odd'
  const lines: Line[] = []
  const seen = new Set<string>()
  for (const target of targets) {
    const adapter = target.warehouse.adapter.package
    if (seen.has(`${adapter} ${target.via}`)) continue
    seen.add(`${adapter} ${target.via}`)
    lines.push(await toolLine(target, workspace, missing))
  }
  return lines
}

async function toolLine(target: Target, workspace: string, missing: Line['mark']): Promise<Line> {
  const { package: adapter, bad } = target.warehouse.adapter
  try {
    const dbt = await resolveDbt({
      path: process.env['PATH'] ?? '',
      pathext: process.env['PATHEXT'],
      workspace,
      adapter,
      exec,
    })
    requireAdapter(dbt, { package: adapter, bad, via: target.via })
    return { word: 'dbt', mark: 'ok', text: await told(dbt, adapter) }
  } catch (error) {
    if (!(error instanceof DbtOidcError)) throw error
    const { problem, details, remedy } = error
    return { word: 'dbt', mark: missing, text: problem, facts: details, remedy }
  }
}

async function told({ version, path, adapters, engine, python }: Dbt, adapter: string): Promise<string> {
  const brought = engine === '2.x' ? `${adapter} comes with it` : `${adapter} ${adapters.get(adapter) ?? ''}`
  const runs = python === undefined ? undefined : (await exec(python, ['--version'])).stdout.trim()
  return `dbt ${version} (${path}), ${brought}${runs ? `, ${runs}` : ''}`
}

const ended = z.object({ code: z.optional(z.number()), stdout: z.string(), stderr: z.string() })

/** As foreign as in the step: no variable of ours but PATH. */
const exec: Exec = async (command, argv) => {
  const options = { env: { PATH: process.env['PATH'] ?? '' }, cwd: tmpdir(), timeout: PATIENCE }
  try {
    return { exitCode: 0, ...(await promisify(execFile)(command, [...argv], options)) }
  } catch (error) {
    const { code = 1, stdout, stderr } = ended.safeParse(error).data ?? { stdout: '', stderr: '' }
    return { exitCode: code, stdout, stderr }
  }
}
