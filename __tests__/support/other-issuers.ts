import { spawn } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { auditRecords } from './audit-schema.ts'
import { CLI, type Ended } from './cli.ts'
import { sendJson } from './issuer-server.ts'
import type { Issuer } from './issuer.ts'
import { writeFiles } from './scratch.ts'

type Payload = Readonly<Record<string, unknown>>

/** GitLab's documented payload (docs.gitlab.com/ci/secrets/id_token_authentication, "Token payload"). */
export const GITLAB: Payload = {
  namespace_id: '72',
  namespace_path: 'acme',
  project_id: '20',
  project_path: 'acme/shop',
  user_id: '1',
  user_login: 'ada',
  user_email: 'ada@example.com',
  user_access_level: 'developer',
  user_identities: [{ provider: 'github', extern_uid: '2435223452345' }],
  pipeline_id: '574',
  pipeline_source: 'push',
  job_id: '302',
  ref: 'main',
  ref_type: 'branch',
  ref_path: 'refs/heads/main',
  ref_protected: 'true',
  environment: 'production',
  environment_protected: 'true',
  deployment_tier: 'production',
  groups_direct: ['acme'],
  runner_id: 1,
  runner_environment: 'self-hosted',
  sha: '714a629c0b401fdce83e847fc9589983fc6f46bc',
  project_visibility: 'private',
  ci_config_ref_uri: 'gitlab.example.com/acme/shop//.gitlab-ci.yml@refs/heads/main',
  ci_config_sha: '714a629c0b401fdce83e847fc9589983fc6f46bc',
  jti: '235b3a54-b797-45c7-ae9a-f72d7bc6ef5b',
  sub: 'project_path:acme/shop:ref_type:branch:ref:main',
}

/** Buildkite's documented payload (buildkite.com/docs/agent/cli/reference/oidc, "Claims"): it has no `jti`. */
export const BUILDKITE: Payload = {
  sub: 'organization:acme:pipeline:shop:ref:refs/heads/main:commit:9f3182061f1e2cca4702c368cbc039b7dc9d4485:step:build',
  organization_slug: 'acme',
  organization_id: '0184990a-477b-4fa8-9968-496074483cee',
  pipeline_slug: 'shop',
  pipeline_id: '0184990a-477b-4fa8-9968-496074483cef',
  build_number: 1,
  build_branch: 'main',
  build_tag: null,
  build_commit: '9f3182061f1e2cca4702c368cbc039b7dc9d4485',
  build_source: 'ui',
  step_key: 'build',
  job_id: '0184990a-477b-4fa8-9968-496074483cf0',
  agent_id: '0184990a-4782-42b5-afc1-16715b10b8ff',
  runner_environment: 'self-hosted',
}

/** A projected service account token (kubernetes.io, "Managing Service Accounts"): its audience is a list, its own claims are nested. */
export const KUBERNETES: Payload = {
  jti: '7ee52be0-9045-4653-aa5e-0da57b8dccdc',
  'kubernetes.io': {
    namespace: 'airflow',
    node: { name: 'node-1', uid: '43eb2b40-5b5b-4e3d-9a2c-e0b7f7b0e3a1' },
    pod: { name: 'dbt-run-7', uid: '5e0bd49b-f040-43b0-99b7-22765a53f7f3' },
    serviceaccount: { name: 'dbt', uid: '14ee3fa4-a7e2-420f-9f9a-dbc4507c3798' },
    warnafter: 1_716_244_000,
  },
  sub: 'system:serviceaccount:airflow:dbt',
}

/** An issuer beside GitHub's at `<server>/<path>`, with the keys of the same server. */
export function playIssuer(issuer: Issuer, path: string): string {
  const url = `${issuer.serverUrl}/${path}`
  return issuer.route(`/${path}`, (_, res, asked) =>
    asked.startsWith('/.well-known/')
      ? sendJson(res, { issuer: url, jwks_uri: `${url}/keys` })
      : sendJson(res, { keys: [issuer.key().jwk] }),
  )
}

/** A token of such an issuer. */
export function tokenOf(
  issuer: Issuer,
  url: string,
  claims: Payload,
  audience: unknown = 'dbt-oidc',
): string {
  const iat = Math.floor(Date.now() / 1000)
  return issuer.sign({ iss: url, aud: audience, iat, nbf: iat - 5, exp: iat + 3600, ...claims })
}

/** What a job of another system runs, and where. */
export interface OtherJob {
  readonly args: readonly string[]
  readonly files: Readonly<Record<string, string>>
  readonly env: Readonly<Record<string, string>>
  /** Directories in front of PATH. */
  readonly path?: readonly string[]
  /** A directory that is copied there first. */
  readonly project?: string
  /** Each called once with the child's process, when that stands in its output. */
  readonly when?: Moment | readonly Moment[]
}

/** Something that is done when something is said. */
export interface Moment {
  readonly said: string
  readonly act: (pid: number) => void
}

/** How it ended, with all that it printed and its audit log. */
export interface OtherEnded extends Ended {
  readonly all: string
  readonly audit: string
  /** What is left in TMPDIR. */
  readonly left: boolean
}

/** Runs the built command line as such a job would. */
export async function otherJob({
  args,
  files,
  env,
  path = [],
  project,
  when,
}: OtherJob): Promise<OtherEnded> {
  const root = mkdtempSync(join(tmpdir(), 'other-job-'))
  const [directory, temp] = [join(root, 'work'), join(root, 'tmp')]
  try {
    if (project !== undefined) cpSync(resolve(project), directory, { recursive: true })
    writeFiles(root, { 'tmp/.keep': '' })
    writeFiles(directory, { ...files })
    const child = spawn(process.execPath, [CLI, 'run', ...args], {
      cwd: directory,
      env: {
        PATH: [...path, '/usr/bin', '/bin'].join(delimiter),
        HOME: root,
        NO_COLOR: '1',
        TMPDIR: temp,
        ...env,
      },
    })
    let seen = ''
    const moments = [when ?? []].flat()
    child.stdout.on('data', (chunk: Buffer) => {
      seen += chunk.toString()
      const due = moments.filter(({ said }) => seen.includes(said))
      for (const moment of due) {
        moments.splice(moments.indexOf(moment), 1)
        if (child.pid !== undefined) moment.act(child.pid)
      }
    })
    const ended = new Promise<number>((done, failed) => {
      child.once('error', failed).once('close', (code) => done(code ?? -1))
    })
    const [stderr, code] = await Promise.all([text(child.stderr), ended])
    const log = join(directory, 'dbt-oidc-audit.jsonl')
    const audit = existsSync(log) ? readFileSync(log, 'utf8') : ''
    auditRecords(audit)
    const { readdirSync } = await import('node:fs')
    const left = readdirSync(temp).some((name) => name.startsWith('dbt-oidc-'))
    return { code, stdout: seen, stderr, all: seen + stderr, audit, left }
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}
