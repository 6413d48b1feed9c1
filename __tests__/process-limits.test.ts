import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseIdentity } from '../src/process.ts'
import { secretNames } from '../src/secret-names.ts'
import { runChild } from './support/child.ts'
import { startIssuer, type Issuer } from './support/issuer.ts'
import { GRANTED, openJob } from './support/job.ts'
import { claimsOf } from './support/jwt.ts'
import { placesOf, scanForLeaks } from './support/leaks.ts'
import { logOf, PROJECT, QUIET, shopStep } from './support/process.ts'
import { dbtPython } from './support/python.ts'
import { OWN_NAME } from './support/secret-names.ts'
import type { StepResult } from './support/step.ts'

// What SECURITY.md promises of Jinja, and what it says that nobody can promise of code of the same user. Both with real dbt.

const SECURITY = readFileSync(join(import.meta.dirname, '..', 'SECURITY.md'), 'utf8')

let issuer: Issuer
beforeAll(async () => {
  issuer = await startIssuer()
})
afterAll(() => issuer.close())

const build = (files: Readonly<Record<string, string>>): Promise<StepResult> =>
  shopStep(issuer, dirname(dbtPython()), { files: { ...PROJECT, ...files }, env: QUIET })

/** What a model has found in the environment of the step and written into the workspace. */
function found(step: StepResult, file: string, name: string): string {
  const text = readFileSync(join(step.paths.workspace, file), 'utf8')
  return new RegExp(`(?:^|\\0|")${name}=([^\\0]*)`).exec(text)?.[1] ?? ''
}

/** What GitHub gives to whoever has that. */
async function bought(url: string, token: string, audience: string): Promise<unknown> {
  const answer = await fetch(`${url}&audience=${audience}`, { headers: { authorization: `Bearer ${token}` } })
  const { value } = (await answer.json()) as { readonly value: string }
  return claimsOf(value)['aud']
}

describe('code of the same user, which nobody can hold back,', () => {
  const PYTHON = `import os
def model(dbt, session):
    with open(f"/proc/{os.getppid()}/environ") as environ, open("found.txt", "w") as note:
        note.write(environ.read())
    return session.sql("select 1 as id")
`
  const SQL = `{{ config(materialized="external", location="found.txt", format="csv") }}
{% set parent = "self" %}
{% if execute %}
{% set stat = run_query("select split_part(split_part(content, ') ', 2), ' ', 2) from read_text('/proc/self/stat')") %}
{% set parent = stat.columns[0].values()[0] %}
{% endif %}
select content from read_text('/proc/{{ parent }}/environ')
`
  test.each([
    ['in Python', { 'models/spy.py': PYTHON }, 'Python that runs as the runner’s user (a dbt plugin'],
    ['in SQL of DuckDB, which runs within dbt', { 'models/spy.sql': SQL }, 'SQL of DuckDB runs within dbt'],
  ])('%s, reads the request token out of /proc and can buy by it', async (_in, files, sentence) => {
    await using step = await build(files)
    expect({ exitCode: step.exitCode, log: step.exitCode === 0 ? '' : logOf(step) }).toEqual({
      exitCode: 0,
      log: '',
    })
    const token = found(step, 'found.txt', 'ACTIONS_ID_TOKEN_REQUEST_TOKEN')
    const url = found(step, 'found.txt', 'ACTIONS_ID_TOKEN_REQUEST_URL')
    expect([token, url]).toEqual([issuer.requestToken, issuer.requestUrl])
    expect(await bought(url, token, 'somebody-else')).toBe('somebody-else')
    // The documents say so, where somebody decides whether to trust this.
    expect(SECURITY.replaceAll("'", '’')).toContain(sentence)
  })

  test('finds the request token in the memory of the process that renews, though in nothing that it shows', async () => {
    await using job = await openJob()
    const connection =
      '{ type: databricks, host: acme.cloud.databricks.com, http_path: /sql/1.0/warehouses/w, schema: dbt, client_id: 8e8a1c2f-5b0e-4f0e-9d44-0f4f2f6f3a10 }'
    await using step = await job.step({ inputs: { ...GRANTED, run: '', connection } })
    const pid = parseIdentity(step.state.get('keeper') ?? '')?.pid ?? 0
    const { requestToken } = job.issuer
    const shown = ['environ', 'cmdline'].map((name) => readFileSync(`/proc/${pid}/${name}`, 'utf8'))
    expect(shown.join('\n')).not.toContain(requestToken)
    const script = `import sys
pid, needle = int(sys.argv[1]), sys.argv[2][::-1].encode()
with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
    for line in maps:
        span, mode = line.split()[:2]
        begin, end = (int(at, 16) for at in span.split("-"))
        if not mode.startswith("rw"):
            continue
        try:
            memory.seek(begin)
            if needle in memory.read(end - begin):
                print("found")
                break
        except (OSError, ValueError, OverflowError):
            continue
`
    // Backwards, so that the reader does not find its own argument.
    const needle = requestToken.split('').toReversed().join('')
    const read = await runChild([dbtPython(), '-c', script, String(pid), needle], {
      cwd: step.paths.workspace,
      env: {},
    })
    // Where the kernel lets nobody but a parent look (Yama), it takes root; GitHub's runners give that to everybody by sudo.
    const readable = process.getuid?.() === 0 || readScope() === 0
    expect([read.stdout, read.stderr.includes('PermissionError')]).toEqual(
      readable ? ['found\n', false] : ['', true],
    )
    expect(SECURITY).toContain('can read `/proc/<pid>/environ` and the memory of its neighbours')
    const post = await step.post()
    expect(post.exitCode).toBe(0)
  })
})

/** 0: who may signal a process may read it. */
function readScope(): number {
  try {
    return Number(readFileSync('/proc/sys/kernel/yama/ptrace_scope', 'utf8'))
  } catch {
    return 0
  }
}

/** Ways by which Jinja of others has got at Python, and what dbt itself offers. */
const ATTEMPTS = [
  `env_var("ACTIONS_ID_TOKEN_REQUEST_TOKEN")`,
  `env_var("DBT_ENV_SECRET_DBT_OIDC_TOKEN")`,
  `env_var.__globals__`,
  `env_var | attr("__globals__")`,
  `"{0.__globals__}".format(env_var)`,
  `"".__class__.__mro__`,
  `modules.re.sys.modules`,
  `modules.datetime.sys.modules`,
  `adapter.config.credentials`,
  `api.Relation.create.__func__.__globals__`,
  `self.__init__.__globals__`,
  `flags.__class__.__init__.__globals__`,
  `context`,
  `builtins`,
  `graph`,
  `target`,
  `invocation_args_dict`,
]

describe('Jinja of the project', () => {
  test('gets at the request token by none of the ways that there are, whatever a model writes down', async () => {
    const models = ATTEMPTS.map((attempt, at) => [
      `models/spy_${at}.sql`,
      `select 1 as id /* {% if execute %}{{ ${attempt} }}{% endif %} */`,
    ])
    await using step = await build(Object.fromEntries(models))
    expect(logOf(step)).toContain(` TOTAL=${ATTEMPTS.length}`)
    expect(logOf(step)).toContain('is unsafe')
    // Neither in the log nor in what dbt has written, and nothing of it had to be masked.
    expect(scanForLeaks({ 'request token': issuer.requestToken }, placesOf([step]))).toEqual([])
    expect(step.fullLog.text.replaceAll(/^::.*$/gm, '')).not.toContain('***')
  })

  test('cannot know the names of our variables: they are others in each run', () => {
    const names = Array.from({ length: 50 }, () => secretNames()('TOKEN'))
    expect(new Set(names).size).toBe(50)
    for (const name of names) expect(name).toMatch(OWN_NAME)
  })
})
