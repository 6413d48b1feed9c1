import { describe, expect, test } from '@jest/globals'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PLUGIN } from '../../src/keepalive/plugin.ts'
import { warehouses } from '../../src/warehouses/index.ts'
import databricks from '../../src/warehouses/databricks.ts'
import { further } from '../../src/warehouses/other.ts'
import sqlserver from '../../src/warehouses/sqlserver.ts'
import { pythonOf, serversPython } from '../support/python.ts'

// The plugin with the adapters' own classes: what a driver would be given at each connection.

interface Said {
  readonly stdout: string
  readonly stderr: string
}

/** Runs Python with our module in front of a script, as dbt imports it. */
function withPlugin(given: object | undefined, script: string, python = serversPython()): Promise<Said> {
  const directory = mkdtempSync(join(tmpdir(), 'plugin-'))
  writeFileSync(join(directory, 'dbt_oidc_keepalive.py'), PLUGIN)
  writeFileSync(join(directory, 'secret'), 'first')
  if (given) writeFileSync(join(directory, 'keepalive.json'), JSON.stringify({ file: 'secret', ...given }))
  const env = { PYTHONPATH: directory, PYTHONDONTWRITEBYTECODE: '1', PATH: process.env['PATH'] ?? '' }
  return new Promise((resolve, reject) => {
    execFile(python, ['-c', script], { env, timeout: 60_000 }, (error, stdout, stderr) => {
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

  test.each([
    [
      'SQL Server',
      'microsoft',
      sqlserver.accepts.get('entra'),
      `from dbt.adapters.sqlserver.sqlserver_credentials import SQLServerCredentials
from dbt.adapters.sqlserver.sqlserver_auth import get_pyodbc_attrs_before_credentials
c = SQLServerCredentials(host="h", database="d", schema="s", authentication="ActiveDirectoryAccessToken", access_token="placeholder", access_token_expires_on=1)
read = lambda: list(get_pyodbc_attrs_before_credentials(c).values())[0][4:].decode("utf-16-le")`,
    ],
    [
      'Databricks, in a connection that is open',
      'databricks',
      databricks.accepts.get('oauth'),
      `from dbt.adapters.databricks.credentials import DatabricksCredentials
c = DatabricksCredentials(host="h", http_path="/sql/1.0/warehouses/w", schema="s", client_id="c", token="placeholder")
opened = []
def read():
    if not opened:
        opened.append(c.authenticate().credentials_provider())
    return opened[0]()["Authorization"].removeprefix("Bearer ")`,
    ],
    [
      'ClickHouse, of which nothing is known here',
      'others',
      further('clickhouse', { password: '{credential}' }).accepts.get('oauth'),
      `from dbt.adapters.clickhouse.credentials import ClickHouseCredentials
c = ClickHouseCredentials(host="h", schema="s", password="placeholder")
read = lambda: c.password`,
    ],
    [
      'Dremio, in what each connection sends',
      'dremio',
      further('dremio', { pat: '{credential}' }).accepts.get('vault'),
      `from dbt.adapters.dremio.credentials import DremioCredentials
from dbt.adapters.dremio.api.parameters import ParametersBuilder
c = DremioCredentials(database="d", schema="s", software_host="h", UID="dbt", pat="placeholder")
read = lambda: ParametersBuilder.build(c).get_parameters().authentication.get_headers()["Authorization"].removeprefix("Bearer ")`,
    ],
    [
      'Spark, by another name of the field',
      'others',
      further('spark', { pass: '{credential}' }).accepts.get('oauth'),
      `from dbt.adapters.spark.connections import SparkCredentials
SparkCredentials._ALIASES = {**SparkCredentials._ALIASES, "pass": "token"}
c = SparkCredentials(method="http", host="h", schema="s", token="placeholder")
read = lambda: c.token`,
    ],
  ] as const)(
    'of %s',
    async (_name, environment, acceptance, script) => {
      const whole = `${script.replace(/^(.*_ALIASES = .*)$/m, '$1\nimport dbt_oidc_keepalive')}
import dbt_oidc_keepalive
print(read()); ${RENEW}; print(read())`
      const { stdout, stderr } = await withPlugin(acceptance?.keepAlive, whole, pythonOf(environment))
      expect({ by: acceptance?.keepAlive.by, stdout, stderr }).toEqual({
        by: 'plugin-field',
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
