import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'yaml'
import { CLI, cli } from './support/cli.ts'
import { installDbtStub, type DbtStub } from './support/dbt-stub.ts'
import { startIssuer, type Issuer } from './support/issuer.ts'
import { PROJECT } from './support/job.ts'
import { otherJob, playIssuer, tokenOf } from './support/other-issuers.ts'
import { BUILDKITE, DAGSTER, GITLAB, KUBERNETES, type Payload } from './support/other-payloads.ts'
import { dbtPython } from './support/python.ts'
import { isRecord } from './support/shape.ts'

// Every snippet of docs/other-issuers.md, played: the policy is read, the trust is written, and the job's own command runs dbt.

const PAGE = readFileSync(join(import.meta.dirname, '..', 'docs', 'other-issuers.md'), 'utf8')
const NPX = 'npx --yes github:OWNER/dbt-oidc#<sha>'

/** The snippets below a heading, by their language. */
function snippets(heading: string, language: string): readonly string[] {
  const [section = ''] = PAGE.split(/^## /m).filter((one) => one.startsWith(heading))
  return [...section.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(
    ([, text = '']) => text,
  )
}

function yaml(heading: string, at: number): { readonly text: string; readonly read: unknown } {
  const text = snippets(heading, 'yaml')[at] ?? ''
  return { text, read: parse(text) }
}

/** What stands at a way within something that was read. */
function at(read: unknown, ...way: readonly (string | number)[]): unknown {
  return way.reduce<unknown>(
    (within, key) =>
      Array.isArray(within) ? within[Number(key)] : isRecord(within) ? within[String(key)] : undefined,
    read,
  )
}

let issuer: Issuer
let dbt: DbtStub
let directory: string

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'docs-other-'))
  issuer = await startIssuer()
  dbt = await installDbtStub(join(directory, 'env'), {
    packages: { 'dbt-snowflake': '1.12.0', 'dbt-databricks': '1.12.8' },
  })
})
afterAll(async () => {
  await issuer.close()
  rmSync(directory, { recursive: true, force: true })
})

interface Job {
  readonly policy: string
  /** As the page has it; a shell runs it. */
  readonly script: string
  /** Of the token, which is in a variable or a file of the script. */
  readonly audience: unknown
  readonly payload: Payload
  readonly env?: (token: string) => Record<string, string>
}

/** Runs a script of the page as such a job does, at an issuer of this machine in place of the one that the page names. */
async function played({ policy, script, audience, payload, env = () => ({}) }: Job) {
  const url = playIssuer(issuer, 'theirs')
  const token = tokenOf(issuer, url, payload, audience)
  const file = join(directory, 'token')
  writeFileSync(file, token, { mode: 0o600 })
  const words = script.replaceAll(NPX, `"${process.execPath}" "${CLI}"`)
  return otherJob({
    shell: words.replaceAll('/var/run/secrets/dbt/token', file),
    args: [],
    files: {
      ...PROJECT,
      '.github/dbt-oidc.yml': policy.replace(/(url: )https:\/\/\S+?(?=[, ])/, `$1${url}`),
    },
    path: [dbt.bin, join(directory, 'bin')],
    env: { GITHUB_SERVER_URL: issuer.serverUrl, ...env(token) },
  })
}

describe('GitLab CI', () => {
  const policy = yaml('GitLab CI', 0).text
  const ci = yaml('GitLab CI', 1).read

  test('the trust is for the audience and the subject of the job', async () => {
    const { stdout, code } = await cli(['trust', '--target', 'prod'], { '.github/dbt-oidc.yml': policy })
    expect(snippets('GitLab CI', 'sh')).toEqual([`${NPX} trust --target prod\n`])
    expect(stdout).toContain(
      `OIDC_AUDIENCE_LIST = ('${String(at(ci, 'dbt', 'id_tokens', 'DBT_TOKEN', 'aud'))}')`,
    )
    expect(stdout).toContain(`SUBJECT = '${String(GITLAB['sub'])}'`)
    expect(code).toBe(0)
  })

  test('the job runs dbt', async () => {
    const ended = await played({
      policy,
      script: String(at(ci, 'dbt', 'script', 0)),
      audience: at(ci, 'dbt', 'id_tokens', 'DBT_TOKEN', 'aud'),
      payload: GITLAB,
      env: (token) => ({ DBT_TOKEN: token }),
    })
    expect({ ...ended, code: ended.code, all: ended.code === 0 ? '' : ended.all }).toMatchObject({
      code: 0,
      left: false,
      all: '',
    })
    expect(dbt.runs().at(-1)?.command).toBe('build')
  })
})

describe('Buildkite', () => {
  const policy = yaml('Buildkite', 0).text
  const script = String(at(yaml('Buildkite', 1).read, 'steps', 0, 'command'))
  const pipeline = String(at(yaml('Buildkite', 0).read, 'grants', 0, 'when', 'sub'))

  const [, audience = ''] = /--audience (\S+)/.exec(script) ?? []

  test('the trust is for the id of the pipeline', async () => {
    const { stdout, code } = await cli(['trust', '--target', 'prod'], { '.github/dbt-oidc.yml': policy })
    expect(stdout).toContain(`"audiences":["${audience}"],"subject":"${pipeline}"`)
    expect(code).toBe(0)
  })

  test('the step asks its agent for a token and runs dbt', async () => {
    const bin = join(directory, 'bin')
    mkdirSync(bin, { recursive: true })
    // The agent, as far as it is asked: it prints a token for the audience, with the claim that it was told for a subject.
    writeFileSync(
      join(bin, 'buildkite-agent'),
      `#!/bin/sh\n[ "$*" = "oidc request-token --audience ${audience} --subject-claim pipeline_id --lifetime 3600" ] && printf %s "$OF_AGENT"\n`,
      { mode: 0o755 },
    )
    const ended = await played({
      policy,
      script,
      audience,
      payload: { ...BUILDKITE, sub: pipeline, pipeline_id: pipeline },
      env: (token) => ({ OF_AGENT: token }),
    })
    expect({ ...ended, code: ended.code, all: ended.code === 0 ? '' : ended.all }).toMatchObject({
      code: 0,
      left: false,
      all: '',
    })
  })
})

describe('Kubernetes: Airflow and Dagster', () => {
  const HEADING = 'Kubernetes'
  const policy = yaml(HEADING, 0).text
  const [pod, tags] = [yaml(HEADING, 1).read, yaml(HEADING, 2).read]
  const source = at(pod, 'spec', 'volumes', 0, 'projected', 'sources', 0, 'serviceAccountToken')
  const container = at(pod, 'spec', 'containers', 0)

  test('the trust is for both service accounts and for the audience of either token', async () => {
    const { stdout, code } = await cli(['trust', '--target', 'prod'], { '.github/dbt-oidc.yml': policy })
    for (const account of ['airflow:dbt', 'dagster:dbt'])
      expect(stdout).toContain(`SUBJECT = 'system:serviceaccount:${account}'`)
    const config = at(tags, 'dagster-k8s/config')
    const theirs = at(
      config,
      'pod_spec_config',
      'volumes',
      0,
      'projected',
      'sources',
      0,
      'service_account_token',
    )
    expect(at(theirs, 'audience')).toBe(at(source, 'audience'))
    expect(stdout).toContain(`OIDC_AUDIENCE_LIST = ('${String(at(source, 'audience'))}')`)
    expect(code).toBe(0)
  })

  test('the pod mounts the token where its command looks for it', () => {
    const [command, args] = [at(container, 'command'), at(container, 'args')]
    const mount = String(at(container, 'volumeMounts', 0, 'mountPath'))
    expect(args).toContain(`${mount}/${String(at(source, 'path'))}`)
    expect([command, args].flat().join(' ')).toBe(
      `${NPX} run --issuer cluster --token-file /var/run/secrets/dbt/token -- dbt build`,
    )
    const config = at(tags, 'dagster-k8s/config', 'container_config')
    expect(at(config, 'volume_mounts', 0, 'mount_path')).toBe(mount)
  })

  test.each<[string, Payload]>([
    [
      'Airflow',
      {
        ...KUBERNETES,
        sub: `system:serviceaccount:${String(at(pod, 'metadata', 'namespace'))}:${String(at(pod, 'spec', 'serviceAccountName'))}`,
      },
    ],
    [
      'Dagster',
      {
        ...DAGSTER,
        sub: `system:serviceaccount:dagster:${String(at(tags, 'dagster-k8s/config', 'pod_spec_config', 'service_account_name'))}`,
      },
    ],
  ])('the pod of %s runs dbt', async (_, payload) => {
    const [, script = ''] = snippets(HEADING, 'sh')
    const ended = await played({ policy, script, audience: at(source, 'audience'), payload })
    expect({ ...ended, code: ended.code, all: ended.code === 0 ? '' : ended.all }).toMatchObject({
      code: 0,
      left: false,
      all: '',
    })
  })

  test('the DAG is Python', () => {
    const [dag = ''] = snippets(HEADING, 'python')
    const compiled = execFileSync(
      dbtPython(),
      ['-c', 'import ast, sys; print(type(ast.parse(sys.stdin.read())).__name__)'],
      {
        input: dag,
      },
    )
    expect(compiled.toString().trim()).toBe('Module')
  })
})

test('an issuer of one’s own: the policy is one that `lint` has nothing to say of', async () => {
  const { code, stdout } = await cli(['lint'], { '.github/dbt-oidc.yml': yaml('Others', 0).text })
  expect(stdout).toContain('0 errors, 0 warnings')
  expect(code).toBe(0)
})

test.each([...PAGE.matchAll(/^\| [A-Z][\w ]+\| [^|]*\| `([\w-]+)` +\|/gm)].map(([, like = '']) => like))(
  '`like: %s` of the table is known',
  async (like) => {
    const policy = `issuers: { x: { url: https://x.example, like: ${like} } }
targets: { local: { connection: { type: duckdb, path: x.duckdb } } }
grants: [{ issuer: x, target: local, when: { sub: a } }]
`
    expect((await cli(['lint'], { '.github/dbt-oidc.yml': policy })).code).toBe(0)
  },
)
