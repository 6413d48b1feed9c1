import { createHash } from 'node:crypto'
import { delimiter } from 'node:path'
import * as z from 'zod/mini'
import type { Host } from './host.ts'

/** Paths, loopback addresses and public names that may reach later steps; no secret is ever among them. */
const ALLOWED: ReadonlySet<string> = new Set([
  'DBT_PROFILES_DIR',
  'SNOWFLAKE_WIF_ALLOWED_HOST_SUFFIXES',
  'PGPASSFILE',
  'AWS_CONFIG_FILE',
  'AWS_SHARED_CREDENTIALS_FILE',
  'AZURE_AUTHORITY_HOST',
  'AZURE_CLIENT_ID',
  'AZURE_FEDERATED_TOKEN_FILE',
  'AZURE_TENANT_ID',
  'AZURE_TOKEN_CREDENTIALS',
])

/** Lists of directories: ours goes in front of what the job has there, which stays the job's own. */
const LISTS: ReadonlySet<string> = new Set(['PYTHONPATH'])

/** Names of exported variables with the digest of each value: so that a second use of the action knows them as its own. */
const RECORD = 'DBT_OIDC_EXPORTED'

/** Whether later steps may get a variable of this name. */
export function exportable(name: string): boolean {
  return ALLOWED.has(name) || LISTS.has(name)
}

/** Exports variables to the later steps of the job. */
export function exportAll(host: Host, variables: Readonly<Record<string, string>>): void {
  const before = readRecord(host.env)
  for (const [name, value] of Object.entries(variables)) {
    if (!exportable(name)) throw new Error(`${name} is not one of the variables that may be exported`)
    host.exportVariable(name, LISTS.has(name) ? inFrontOf(host.env[name], value) : value)
  }
  const whole = Object.entries(variables).filter(([name]) => !LISTS.has(name))
  const now = Object.fromEntries(whole.map(([name, value]) => [name, digest(value)]))
  host.exportVariable(RECORD, JSON.stringify({ ...before, ...now }))
}

function inFrontOf(list: string | undefined, directory: string): string {
  return list ? [directory, list].join(delimiter) : directory
}

/** The environment without what an earlier use of the action in this job exported. */
export function withoutOwnExports(
  env: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string | undefined>> {
  const own = readRecord(env)
  return Object.fromEntries(
    Object.entries(env).filter(
      ([name, value]) => name !== RECORD && !(Object.hasOwn(own, name) && own[name] === digest(value ?? '')),
    ),
  )
}

const record = z.record(z.string(), z.string())

function readRecord(env: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> {
  try {
    const parsed = record.safeParse(JSON.parse(env[RECORD] ?? '{}'))
    // Any earlier step can set the record: it must hide nothing that this action would not have exported.
    const known = Object.entries(parsed.success ? parsed.data : {}).filter(([name]) => ALLOWED.has(name))
    return Object.fromEntries(known)
  } catch {
    return {}
  }
}

function digest(value: string): string {
  return createHash('sha256').update(value).digest('hex')
}
