import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import type { TrustDocument } from '../../src/trust.ts'
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
  users: TrustDocument | undefined,
  rules: TrustDocument | undefined,
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
