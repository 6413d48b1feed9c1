import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { BIN, onPath, program, succeeds, type Machine, type Python } from './machine.ts'

/** The uv that is brought where a machine has none. */
export const UV = 'uv==0.13.9'

/** uv of the machine, else from PyPI; undefined where it cannot be had. */
export async function findUv(python: Python, host: Machine): Promise<string | undefined> {
  const own = await onPath('uv', host)
  if (own !== undefined) return own
  const directory = await mkdtemp(join(host.temp, 'dbt-oidc-uv-'))
  const quietly = ['install', '--quiet', '--no-deps']
  // An environment with a pip of its own takes longer to make than all that follows: the machine's pip goes first.
  const beside = ['-I', '-m', 'pip', ...quietly, '--target', directory, UV]
  if (await succeeds(python.path, beside, host)) return join(directory, 'bin', program('uv'))
  const bin = join(directory, 'venv', BIN)
  const made =
    (await succeeds(python.path, ['-I', '-m', 'venv', join(directory, 'venv')], host)) &&
    (await succeeds(join(bin, program('python')), ['-I', '-m', 'pip', ...quietly, UV], host))
  return made ? join(bin, program('uv')) : undefined
}
