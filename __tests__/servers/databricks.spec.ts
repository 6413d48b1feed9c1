import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import oauth from '../../src/exchanges/oauth.ts'
import { createHttp } from '../../src/http.ts'
import { rehearsalOf, rewrite } from '../../src/rehearsal.ts'
import { startWorkspace, type Workspace } from '../support/databricks/workspace.ts'
import { startIssuer, type Issuer } from '../support/issuer.ts'
import { databricksPython } from '../support/python.ts'
import { claimsOf } from '../support/claims-of.ts'

// databricks-sdk for Python, as dbt-databricks has it, beside what leaves the action for the same job.

const CLIENT = '8e8a1c2f-5b0e-4f0e-9d44-0f4f2f6f3a10'
const AUDIENCE = 'https://acme.cloud.databricks.com/oidc/v1/token'

/** The SDK with a token in a file, which is what the profile of `via: direct` makes of it. */
const FILE_OIDC = `
import json, sys
from databricks.sdk import WorkspaceClient
from databricks.sdk.core import Config
print(WorkspaceClient(config=Config(**json.load(sys.stdin))).current_user.me().user_name)
`

let directory: string
let issuer: Issuer

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'databricks-'))
  issuer = await startIssuer()
})
afterAll(async () => {
  await issuer.close()
  rmSync(directory, { recursive: true, force: true })
})

function workspace(subject = 'repo:o/r:ref:refs/heads/main'): Promise<Workspace> {
  return startWorkspace(CLIENT, [{ issuer: issuer.issuer, audiences: [AUDIENCE], subject }])
}

async function bySdk(at: Workspace, token: string): Promise<string> {
  const file = join(directory, 'token')
  writeFileSync(file, token)
  const given = { host: at.url, auth_type: 'file-oidc', client_id: CLIENT, oidc_token_filepath: file }
  const running = promisify(execFile)(databricksPython(), ['-I', '-c', FILE_OIDC], { timeout: 60_000 })
  running.child.stdin?.end(JSON.stringify(given))
  return (await running).stdout.trim()
}

async function byAction(at: Workspace): Promise<void> {
  const rehearsal = rehearsalOf(issuer.serverUrl)
  const exchange = oauth.bind({
    'token-url': `${at.url}/oidc/v1/token`,
    grant: 'token-exchange',
    'client-id': CLIENT,
  })
  const mint = async (audience: string) => {
    const text = issuer.mint(audience)
    return { text, claims: claimsOf(), sha256: '' }
  }
  await exchange.trade({ audience: AUDIENCE, scope: 'all-apis' }, mint, {
    http: createHttp({ rehearsal, env: {} }),
    at: (url) => rewrite(rehearsal, url),
    now: () => new Date(),
    mask: () => undefined,
    variable: () => undefined,
    say: () => undefined,
  })
}

describe('a workspace', () => {
  test('gets the same form of the action as of the SDK', async () => {
    await using at = await workspace()
    expect(await bySdk(at, issuer.mint(AUDIENCE))).toBe(CLIENT)
    await byAction(at)
    const forms = at.requests.map(({ form: { subject_token: token, ...rest } }) => [typeof token, rest])
    expect(forms[1]).toEqual(forms[0])
    expect(at.requests.map(({ headers }) => headers['content-type'])).toEqual([
      'application/x-www-form-urlencoded',
      // The SDK leaves the character set away; both are the same by RFC 6749 appendix B.
      expect.stringMatching(/^application\/x-www-form-urlencoded/),
    ])
  }, 90_000)

  test('lets nobody in by the SDK whose subject is another', async () => {
    await using at = await workspace('repo:o/r:environment:production')
    await expect(bySdk(at, issuer.mint(AUDIENCE))).rejects.toThrow(/No matching federation policy/)
    expect(at.issued).toEqual([])
  }, 90_000)
})
