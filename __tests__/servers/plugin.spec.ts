import { describe, expect, test } from '@jest/globals'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PLUGIN } from '../../src/keepalive/plugin.ts'
import { warehouses } from '../../src/warehouses/index.ts'
import { serversPython } from '../support/python.ts'

// The plugin with the adapters' own classes: what a driver would be given at each connection.

interface Said {
  readonly stdout: string
  readonly stderr: string
}

/** Runs Python with our module in front of a script, as dbt imports it. */
function withPlugin(given: object | undefined, script: string): Promise<Said> {
  const directory = mkdtempSync(join(tmpdir(), 'plugin-'))
  writeFileSync(join(directory, 'dbt_oidc_keepalive.py'), PLUGIN)
  writeFileSync(join(directory, 'secret'), 'first')
  if (given) writeFileSync(join(directory, 'keepalive.json'), JSON.stringify({ file: 'secret', ...given }))
  const env = { PYTHONPATH: directory, PYTHONDONTWRITEBYTECODE: '1', PATH: process.env['PATH'] ?? '' }
  return new Promise((resolve, reject) => {
    execFile(serversPython(), ['-c', script], { env, timeout: 60_000 }, (error, stdout, stderr) => {
      rmSync(directory, { recursive: true, force: true })
      if (error) reject(new Error(`${error.message}\n${stderr}`))
      else resolve({ stdout, stderr })
    })
  })
}

const RENEW = 'open(dbt_oidc_keepalive._HERE / "secret", "w").write("second")'

describe('the field of the adapter', () => {
  test.each([
    [
      'Snowflake',
      'snowflake',
      `import dbt_oidc_keepalive
from dbt.adapters.snowflake.connections import SnowflakeCredentials
c = SnowflakeCredentials(account="a", database="d", schema="s", authenticator="workload_identity", workload_identity_provider="OIDC", token="placeholder")
print(c.auth_args()["token"]); ${RENEW}; print(c.auth_args()["token"])`,
    ],
    [
      'Trino',
      'trino',
      `import dbt_oidc_keepalive
from dbt.adapters.trino.connections import TrinoJwtCredentials
c = TrinoJwtCredentials(host="h", port=443, database="d", schema="s", jwt_token="placeholder")
print(c.trino_auth().token); ${RENEW}; print(c.trino_auth().token)`,
    ],
  ])(
    'of %s is what the file holds at that moment',
    async (_name, type, script) => {
      const [acceptance] = warehouses.get(type)?.accepts.values() ?? []
      const keepAlive = acceptance?.keepAlive
      const { stdout, stderr } = await withPlugin(keepAlive, script)
      expect({ keepAlive: keepAlive?.by, stdout, stderr }).toEqual({
        keepAlive: 'plugin-field',
        stdout: 'first\nsecond\n',
        stderr: '',
      })
    },
    90_000,
  )

  test('stays what the profile says where the file is gone', async () => {
    const credentials = 'dbt.adapters.snowflake.connections.SnowflakeCredentials'
    const script = `import os, dbt_oidc_keepalive
from dbt.adapters.snowflake.connections import SnowflakeCredentials
c = SnowflakeCredentials(account="a", user="u", database="d", schema="s", authenticator="oauth", token="of the profile")
os.remove(dbt_oidc_keepalive._HERE / "secret"); print(c.token)
print(SnowflakeCredentials(account="a", user="u", database="d", schema="s").token)`
    const { stdout } = await withPlugin({ credentials, field: 'token' }, script)
    expect(stdout).toBe('of the profile\nNone\n')
  }, 90_000)
})

test.each([
  [
    'an adapter without the field',
    { credentials: 'dbt.adapters.snowflake.connections.SnowflakeCredentials', field: 'gone' },
    'SnowflakeCredentials has no field gone',
  ],
  [
    'an adapter that is not there',
    { credentials: 'dbt.adapters.nowhere.Credentials', field: 'token' },
    'No module named',
  ],
  ['nothing to do', undefined, 'FileNotFoundError'],
])(
  '%s ends no run, and is told',
  async (_name, given, said) => {
    const { stdout, stderr } = await withPlugin(given, 'import dbt_oidc_keepalive; print("goes on")')
    expect(stdout).toBe('goes on\n')
    expect(stderr).toContain('dbt-oidc: the credential stays as it was at the start')
    expect(stderr).toContain(said)
  },
  90_000,
)
