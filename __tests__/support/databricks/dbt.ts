import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { databricksPython } from '../python.ts'

/**
 * No server here speaks to the driver of a SQL warehouse. So this program goes as far as dbt-databricks goes by itself:
 * dbt reads the profile and discovers plugins, the adapter's own credentials log in, and what the driver asks for headers
 * at each request of a connection does so here; beside an old connection a new one is opened each second.
 */
const PROGRAM = `
import os, sys, time, warnings
from argparse import Namespace
from dbt.flags import set_from_args
from dbt_common.context import set_invocation_context
given = dict(zip(sys.argv[1:], sys.argv[2:]))
directory = given.get("--profiles-dir") or os.environ["DBT_PROFILES_DIR"]
set_invocation_context(os.environ)
set_from_args(Namespace(PROFILES_DIR=directory, PROJECT_DIR=os.getcwd()), None)
from dbt.config.runtime import load_profile
from dbt.plugins import set_up_plugin_manager
import dbt.adapters.databricks
from databricks.sql.auth.authenticators import ExternalAuthProvider
import requests
credentials = load_profile(os.getcwd(), {}, None, given.get("--target")).credentials
set_up_plugin_manager("shop")

def connect():
    return ExternalAuthProvider(credentials.authenticate().credentials_provider)

def ask(connection):
    headers = {}
    connection.add_headers(headers)
    answer = requests.get(f"https://{credentials.host}/api/2.0/preview/scim/v2/Me", headers=headers)
    if answer.status_code != 200:
        sys.exit(f"Error during request to server: {answer.status_code} Unauthorized")

end = time.monotonic() + float(os.environ["DBT_TEST_SECONDS"])
old = connect()
while time.monotonic() < end:
    ask(old)
    ask(connect())
    time.sleep(1)
print("Done.")
`

/** The program as `dbt` in a directory of its own, for the Python that has dbt-databricks. */
export function installDatabricksDbt(): string {
  const directory = mkdtempSync(join(tmpdir(), 'databricks-dbt-'))
  writeFileSync(join(directory, 'dbt'), `#!${databricksPython()}\n${PROGRAM}`, { mode: 0o755 })
  return directory
}
