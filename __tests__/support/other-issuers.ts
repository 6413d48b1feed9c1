import { spawn } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { auditRecords } from './audit-schema.ts'
import { CLI, type Ended } from './cli.ts'
import { sendJson } from './issuer-server.ts'
import type { Issuer } from './issuer.ts'
import type { Payload } from './other-payloads.ts'
import { writeFiles } from './scratch.ts'

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
  /** A script of the job in place of `run` with these arguments. */
  readonly shell?: string
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
  shell,
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
    const [program, ...words] =
      shell === undefined ? [process.execPath, CLI, 'run', ...args] : ['/bin/sh', '-euc', shell]
    const child = spawn(program ?? '', words, {
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
