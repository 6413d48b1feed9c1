import { request, type IncomingMessage, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { buffer, text } from 'node:stream/consumers'
import { setTimeout } from 'node:timers/promises'
import { sendJson } from '../issuer-server.ts'
import type { Issuer } from '../issuer.ts'
import { parseRecord } from '../shape.ts'
import { startEmulator } from '../snowflake/emulator.ts'
import type { GoogleCloud } from './cloud.ts'
import type { Binding } from './gcloud.ts'
import { rpc, type RpcError } from './iam.ts'
import type { Holder } from './tokens.ts'

/** BigQuery's API on the server of an issuer: it knows the tokens and rights of its cloud, and crucible runs the SQL. */
export interface BigQuery extends AsyncDisposable {
  /** What `api_endpoint` is. */
  readonly endpoint: string
  /** Method, path and status of each request. */
  readonly calls: readonly string[]
}

/** What opens a BigQuery. */
export interface BigQueryOptions {
  readonly issuer: Issuer
  readonly google: GoogleCloud
  /** Statements that the owner of the project has run. */
  readonly sql: readonly string[]
  /** A Python that has crucible. */
  readonly python: string
  /** Of each of these, the first query that holds the text takes so many milliseconds longer. */
  readonly slow?: readonly { readonly text: string; readonly by: number }[] | undefined
}

const HOST = 'bigquery.googleapis.com'
const SCOPES = ['bigquery', 'cloud-platform'].map((name) => `https://www.googleapis.com/auth/${name}`)

/** Starts crucible and the front that verifies whoever wants in. */
export async function startBigQuery({
  issuer,
  google,
  sql,
  python,
  slow,
}: BigQueryOptions): Promise<BigQuery> {
  const statements = sql.flatMap(statementsOf)
  await using making = new AsyncDisposableStack()
  const emulator = making.use(await startEmulator(python, join(import.meta.dirname, 'emulator.py')))
  const endpoint = `${issuer.serverUrl}/_at/${HOST}`
  const calls: string[] = []
  const waiting = [...(slow ?? [])]
  const bindings = [...google.cloud.bindings]
  for (const statement of statements) {
    if ('role' in statement) bindings.push(statement)
    else await makeDataset(statement, emulator.port)
  }
  issuer.at(HOST, async (req, res, path) => {
    const body = await buffer(req)
    const holder = google.tokens.holderOf(req.headers.authorization)
    const refused = judge(req.method ?? '', path, holder, bindings)
    if (refused) sendJson(res, inFull(refused), refused.error.code)
    else if (holder && isDryRun(req, body)) sendJson(res, dryRun(body, holder))
    else {
      const found = waiting.findIndex((one) => body.includes(one.text))
      if (found >= 0) await setTimeout(waiting.splice(found, 1)[0]?.by)
      await pass(req, res, { path, body, port: emulator.port, endpoint })
    }
    calls.push(`${req.method} ${path} ${res.statusCode}`)
  })
  const made = making.move()
  return { endpoint, calls, [Symbol.asyncDispose]: () => made.disposeAsync() }
}

/**
 * Rights by address, after cloud.google.com/bigquery/docs/access-control: jobs want bigquery.jobs.create in the project
 * that pays (roles/bigquery.jobUser), what lies in a dataset a role on it, a new dataset roles/bigquery.user.
 */
function judge(
  method: string,
  path: string,
  holder: Holder | undefined,
  bindings: readonly Binding[],
): RpcError | undefined {
  if (!holder)
    return rpc(
      401,
      'UNAUTHENTICATED',
      'Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential.',
    )
  if (!holder.scopes.some((scope) => SCOPES.includes(scope)))
    return rpc(403, 'PERMISSION_DENIED', 'Request had insufficient authentication scopes.')
  const may = (resource: string, ...roles: readonly string[]): boolean =>
    bindings.some(
      (one) =>
        one.resource === resource &&
        roles.includes(one.role.replace('roles/bigquery.', '')) &&
        holder.members.includes(one.member),
    )
  const [, project = '', rest = ''] =
    /^(?:\/upload)?\/bigquery\/v2\/projects\/([^/?]+)\/([^?]*)/.exec(path) ?? []
  const [collection, id] = rest.split('/')
  if (collection === 'jobs' || collection === 'queries')
    return may(`project/${project}`, 'jobUser', 'user') ? undefined : denied(project, 'bigquery.jobs.create')
  if (collection === 'datasets' && id === undefined && method === 'POST')
    return may(`project/${project}`, 'user') ? undefined : denied(project, 'bigquery.datasets.create')
  // Results of one's own queries lie in a hidden dataset, whose name begins with an underscore.
  if (collection === 'datasets' && id !== undefined && !id.startsWith('_'))
    return may(`dataset/${project}.${id}`, 'dataEditor') || may(`project/${project}`, 'user')
      ? undefined
      : denied(project, 'bigquery.datasets.get')
  return undefined
}

/** BigQuery lists the same error once more (cloud.google.com/bigquery/docs/error-messages), and dbt reads it there. */
function inFull({ error }: RpcError): unknown {
  const reason = error.code === 401 ? 'authError' : 'accessDenied'
  return { error: { ...error, errors: [{ message: error.message, domain: 'global', reason }] } }
}

function denied(project: string, permission: string): RpcError {
  const message = `Access Denied: Project ${project}: User does not have ${permission} permission in project ${project}.`
  return rpc(403, 'PERMISSION_DENIED', message)
}

interface Dataset {
  readonly project: string
  readonly name: string
  readonly location: string
}

/** GoogleSQL as an owner runs it: grants are ours to keep, all else is crucible's. Throws where it is anything else. */
export function statementsOf(document: string): readonly (Binding | Dataset)[] {
  return document
    .replaceAll(/^--.*$/gm, '')
    .split(';')
    .map((one) => one.trim())
    .filter((one) => one !== '')
    .map(statementOf)
}

function statementOf(text: string): Binding | Dataset {
  const [, role, dataset, member] = /^GRANT `([^`]+)` ON SCHEMA `([^`]+)` TO "([^"]+)"$/.exec(text) ?? []
  if (role !== undefined && dataset !== undefined && member !== undefined)
    return { resource: `dataset/${dataset}`, role, member }
  const [, project, name, location = 'US'] =
    /^CREATE SCHEMA IF NOT EXISTS `([^`.]+)\.([^`]+)`(?: OPTIONS \(location = "([^"]+)"\))?$/.exec(text) ?? []
  if (project !== undefined && name !== undefined) return { project, name, location }
  throw new Error(`no statement of this stand-in: ${text.split('\n', 1)[0] ?? ''}`)
}

async function makeDataset({ project, name, location }: Dataset, port: number): Promise<void> {
  const made = await fetch(`http://127.0.0.1:${port}/bigquery/v2/projects/${project}/datasets`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ datasetReference: { projectId: project, datasetId: name }, location }),
  })
  if (!made.ok) throw new Error(`crucible: ${await made.text()}`)
}

interface Passed {
  readonly path: string
  readonly body: Buffer
  readonly port: number
  readonly endpoint: string
}

function isDryRun(req: IncomingMessage, body: Buffer): boolean {
  return req.method === 'POST' && body.includes('"dryRun":true')
}

/** A job that was only tried, after cloud.google.com/bigquery/docs/reference/rest/v2/Job; crucible knows none. */
function dryRun(body: Buffer, { members: [member = ''] }: Holder): unknown {
  const { jobReference, configuration } = parseRecord(body.toString())
  const user_email = member.replace(/^serviceAccount:/, '')
  return { kind: 'bigquery#job', jobReference, configuration, user_email, status: { state: 'DONE' } }
}

async function pass(
  req: IncomingMessage,
  res: ServerResponse,
  { path, body, port, endpoint }: Passed,
): Promise<void> {
  // The token ends here: crucible needs none and must not see one.
  const {
    authorization: _token,
    'content-length': _length,
    'transfer-encoding': _framing,
    ...headers
  } = req.headers
  const reply = await new Promise<IncomingMessage>((resolve, reject) => {
    const sent = request(
      {
        host: '127.0.0.1',
        port,
        method: req.method,
        path,
        headers: { ...headers, connection: 'close', 'content-length': body.length },
      },
      resolve,
    )
    sent.on('error', reject).end(body)
  })
  const said = await text(reply)
  const { location, 'content-type': type = 'application/json' } = reply.headers
  // Where an upload goes on: past this front there is nothing for anybody.
  const moved =
    location === undefined ? {} : { location: endpoint + location.replace(/^https?:\/\/[^/]+/, '') }
  res.writeHead(reply.statusCode ?? 502, { 'content-type': type, ...moved }).end(said)
}
