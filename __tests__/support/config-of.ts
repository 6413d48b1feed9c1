import { relative } from 'node:path'
import { readConfig, type Config } from '../../src/config.ts'
import type { FileRead, Sources } from '../../src/config/sources.ts'
import { DbtOidcError } from '../../src/errors.ts'
import { exchanges } from '../../src/exchanges/index.ts'
import { warehouses } from '../../src/warehouses/index.ts'

/** Everything that a configuration is made of, in memory; files by their path below the workspace. */
export interface Setting extends Partial<Omit<Sources, 'inputs' | 'read'>> {
  readonly inputs?: Readonly<Record<string, string>>
  readonly policy?: string
  readonly files?: Readonly<Record<string, string | FileRead>>
}

/** Reads the configuration of a setting; github.com, the repository o/r and 2026-11-24 unless told. */
export function configOf({ inputs = {}, policy, files = {}, ...more }: Setting): Promise<Config> {
  const workspace = more.workspace ?? '/w'
  const all = new Map(Object.entries(files))
  if (policy !== undefined) all.set('.github/dbt-oidc.yml', policy)
  const sources: Sources = {
    inputs: new Map(Object.entries(inputs)),
    env: {},
    workspace,
    serverUrl: 'https://github.com',
    repository: 'o/r',
    today: new Date('2026-11-24T12:00:00Z'),
    read: async (path) => {
      // By the name that a policy or an input would give it on any system.
      const file = all.get(relative(workspace, path).replaceAll('\\', '/'))
      return typeof file === 'string' ? { kind: 'text', text: file } : (file ?? { kind: 'missing' })
    },
    ...more,
  }
  return readConfig(sources, { warehouses, exchanges })
}

/** The problems of a setting that is refused, each with its place in front. */
export async function problemsOf(setting: Setting): Promise<readonly string[]> {
  const outcome: unknown = await configOf(setting).catch((error: unknown) => error)
  if (!(outcome instanceof DbtOidcError))
    throw new Error('The configuration was accepted.', { cause: outcome })
  if (outcome.code !== 'configuration') throw outcome
  return outcome.details
}
