import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')

/** The Python that has dbt; a test that needs it fails where there is none. */
export function dbtPython(): string {
  const given = process.env['DBT_OIDC_TEST_PYTHON']
  const path = given || join(root, '.cache', 'python', 'dbt', 'bin', 'python')
  if (existsSync(path)) return path
  throw new Error(
    given
      ? `DBT_OIDC_TEST_PYTHON names ${given}, which does not exist.`
      : 'There is no Python with dbt in .cache/python/dbt: run `npm test`, which makes it, or set DBT_OIDC_TEST_PYTHON.',
  )
}

/** The Python of the tests against servers of others: dbt with their adapters, and the vendors' own clients. */
export function serversPython(): string {
  return ofServers('servers')
}

/** The Python with dbt-databricks and databricks-sdk, which want an older dbt than the others. */
export function databricksPython(): string {
  return ofServers('databricks')
}

/** The Python beside dbt 2, which itself is no Python. */
export function dbt2Python(): string {
  return ofServers('dbt2')
}

/** The Python of adapters that only some tests need. */
export function pythonOf(
  name: 'aws' | 'databricks' | 'microsoft' | 'others' | 'synapse' | 'further' | 'dremio',
): string {
  return ofServers(name)
}

function ofServers(name: string): string {
  const path = join(root, '.cache', 'python', name, 'bin', 'python')
  if (existsSync(path)) return path
  throw new Error(
    `There is no Python in .cache/python/${name}: run \`npm run test:servers\`, which makes it.`,
  )
}

/** The Python with parsers of others for what `trust` writes. */
export function trustPython(): string {
  return ofServers('trust')
}
