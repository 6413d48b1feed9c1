import { stripVTControlCharacters } from 'node:util'
import { fail } from '../errors.ts'
import type { Dbt } from './resolve.ts'

/** Runs a short command to its end without showing its output. */
export type Exec = (
  command: string,
  argv: readonly string[],
) => Promise<{ readonly exitCode: number; readonly stdout: string; readonly stderr: string }>

/** Asks dbt itself: the way for everything that is no Python script with its packages beside it. */
export async function askVersion(path: string, exec: Exec): Promise<Dbt> {
  let { exitCode, stdout, stderr } = await exec(path, ['--version', '--no-version-check'])
  // dbt 2.x knows no such flag.
  if (exitCode !== 0) ({ exitCode, stdout, stderr } = await exec(path, ['--version']))
  const found = exitCode === 0 ? readVersion(`${stdout}\n${stderr}`) : undefined
  if (found) return { path, python: undefined, install: 'pip install', ...found }
  return fail({
    code: 'dbt-missing',
    problem: `${path} does not say which dbt it is (exit code ${exitCode}).`,
    remedy: /dbt cloud/i.test(stdout)
      ? 'It is the dbt Cloud CLI, which brings its own credentials: install dbt-core instead.'
      : `Run \`dbt --version\` in a step before this one to see why.`,
  })
}

/** What `dbt --version` of 1.x and 2.x prints. */
export function readVersion(output: string): Pick<Dbt, 'version' | 'adapters' | 'engine'> | undefined {
  const text = stripVTControlCharacters(output)
  const core = /^\s*- installed:\s*(\d\S*)/m.exec(text)?.[1]
  if (core !== undefined) {
    const plugins = [...text.slice(text.indexOf('Plugins:')).matchAll(/^\s*- ([\w-]+):\s+(\d\S*)/gm)]
    const adapters = new Map(plugins.map(([, name = '', version = '']) => [`dbt-${name}`, version]))
    return { version: core, adapters, engine: '1.x' }
  }
  if (/dbt cloud/i.test(text)) return undefined
  const version = /^\s*dbt(?:[ -](?:core|fusion))?:?\s+v?(\d+\.\d+\.\S+)/im.exec(text)?.[1]
  return version === undefined ? undefined : { version, adapters: new Map(), engine: '2.x' }
}
