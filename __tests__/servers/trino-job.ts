import { readdirSync, readFileSync } from 'node:fs'
import { request } from 'node:https'
import { dirname, join, relative, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import type { TrustDocument } from '../../src/trust.ts'
import type { Certificate } from '../support/certificate.ts'
import type { Issuer } from '../support/issuer.ts'
import { QUIET } from '../support/process.ts'
import { serversPython } from '../support/python.ts'
import { runStep, type StepResult } from '../support/step.ts'

const PROJECT = resolve(import.meta.dirname, '..', '..', 'demo', 'project')

/** Inputs of a step that builds the demo project in `memory.shop`. */
export function trinoInputs(port: number, cert: string): Record<string, string> {
  const connection = {
    type: 'trino',
    host: 'localhost',
    port,
    database: 'memory',
    schema: 'shop',
    threads: 2,
  }
  return {
    run: 'build',
    connection: JSON.stringify({ ...connection, cert }),
    repository: 'o/r',
    environment: 'production',
  }
}

/** Files below the directory of the server: our user mapping and our rules, each as it is. */
export function filesOf(
  directory: string,
  users: Pick<TrustDocument, 'text'> | undefined,
  rules: Pick<TrustDocument, 'text'> | undefined,
): Record<string, string> {
  return {
    'etc/dbt-oidc-users.json': users?.text ?? '',
    'etc/rules.json': rules?.text ?? '',
    'etc/access-control.properties': `access-control.name=file\nsecurity.config-file=${directory}/etc/rules.json\n`,
  }
}

/** Runs the built action with a real dbt on this Trino. */
export function buildOn(
  issuer: Issuer,
  inputs: Record<string, string>,
  files: Readonly<Record<string, string>> = projectFiles(),
): Promise<StepResult> {
  return runStep({
    issuer,
    files,
    path: [dirname(serversPython())],
    env: QUIET,
    inputs,
    deadline: 240_000,
  })
}

/** The demo project, by path. */
export function projectFiles(): Record<string, string> {
  const found = readdirSync(PROJECT, { recursive: true, withFileTypes: true }).filter((one) => one.isFile())
  const paths = found.map((file) => join(file.parentPath, file.name))
  return Object.fromEntries(paths.map((path) => [relative(PROJECT, path), readFileSync(path, 'utf8')]))
}

/** What Trino answers to one request. */
interface Answer {
  readonly status: number
  readonly body: string
}

interface Page {
  readonly nextUri?: string
  readonly data?: unknown[]
  readonly error?: { readonly message: string }
}

/** Trino's own protocol (trino.io/docs, "Client protocol"), each time with a token. */
export function asking(port: number, { cert }: Certificate) {
  const ask = (method: string, url: string, token: string, sql?: string): Promise<Answer> =>
    new Promise((fulfil, reject) => {
      const headers = { authorization: `Bearer ${token}` }
      const sent = request(url, { method, headers, ca: cert }, (answer) => {
        text(answer).then((body) => fulfil({ status: answer.statusCode ?? 0, body }), reject)
      })
      sent.on('error', reject).end(sql)
    })
  const statement = (token: string, sql: string): Promise<Answer> =>
    ask('POST', `https://localhost:${port}/v1/statement`, token, sql)
  const rows = async (token: string, sql: string): Promise<unknown[]> => {
    const found: unknown[] = []
    let page = JSON.parse((await statement(token, sql)).body) as Page
    for (;;) {
      if (page.error) throw new Error(page.error.message)
      found.push(...(page.data ?? []))
      if (page.nextUri === undefined) return found
      page = JSON.parse((await ask('GET', page.nextUri, token)).body) as Page
    }
  }
  return { statement, rows }
}
