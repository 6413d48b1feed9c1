import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { apply, newCloud } from '../../__tests__/support/aws/account.ts'
import { newRedshift } from '../../__tests__/support/aws/redshift.ts'
import { newSts } from '../../__tests__/support/aws/sts.ts'
import { selfSigned } from '../../__tests__/support/certificate.ts'
import { keysOf } from '../../__tests__/support/models/aws.ts'
import { startFront } from '../../__tests__/support/postgres/front.ts'
import type { Message } from '../../__tests__/support/postgres/messages.ts'
import { startPostgres } from '../../__tests__/support/postgres/server.ts'
import { scalarText } from '../../__tests__/support/shape.ts'
import { secure } from '../../__tests__/support/tls.ts'
import { endpointOf } from '../../src/warehouses/redshift/connection.ts'
import { documentsIn, GITHUB, localised, readBy, refuse } from './given.ts'
import type { Making, Start } from './warehouses.ts'

/** Nobody needs to know it: the trust names a workgroup by a star, which the administrator replaces. */
const WORKGROUP = '0a1b2c3d-0000-4000-8000-123456789abc'

/** AWS with its token service, the service that lends passwords, and a PostgreSQL behind a front that takes only those. */
export function redshift({ issuer, trust, connection }: Making): Start {
  const all = localised(documentsIn(trust, ['.sh', '.sql']), issuer)
  const [commands = [], statements = []] = ['.sh', '.sql'].map((end) =>
    all.filter(({ path }) => path.endsWith(end)),
  )
  const [account] = /(?<=arn:aws:iam::)\d{12}/.exec(commands.map(({ text }) => text).join('\n')) ?? []
  if (account === undefined)
    refuse(`No document of ${trust} names a role of AWS, so Redshift would let nobody in.`, 'Write it anew.')
  const text = (name: string): string => scalarText(connection[name] ?? '')
  const endpoint = endpointOf(text('host'))
  const region = text('region') || endpoint?.region
  if (region === undefined)
    return refuse(
      `The host of the connection names no region: ${text('host')}`,
      'Write the address of a cluster or workgroup.',
    )
  const workgroup = text('serverless_work_group') || text('host').split('.', 1).join('')
  const serverless = endpoint?.serverless === true || connection['is_serverless'] === true
  const cloud = newCloud()
  for (const document of commands) readBy('AWS', document, (one) => apply(cloud, one, account))
  const site = { cloud, region, host: `sts.${region}.amazonaws.com` }
  return async () => {
    await using stack = new AsyncDisposableStack()
    // Of the local issuer AWS hears what it hears of GitHub.
    const sts = newSts({ ...site, claimKeys: () => keysOf(GITHUB) })
    issuer.at(site.host, sts.handler)
    const service = newRedshift({
      cloud,
      region,
      account,
      cluster: text('cluster_id'),
      database: text('dbname'),
      workgroup: { name: workgroup, id: WORKGROUP },
    })
    // The driver finds the service by its own name: a proxy leads there, as it would in a company's network.
    const api = stack.use(await secure(service.hosts, { answer: (res, req) => service.handle(res, req) }))
    const server = stack.use(await startPostgres())
    const certificate = selfSigned(['127.0.0.1'])
    const directory = mkdtempSync(join(tmpdir(), 'rehearse-'))
    stack.defer(() => rmSync(directory, { recursive: true, force: true }))
    writeFileSync(join(directory, 'ca.pem'), certificate.cert)
    server.psql(`CREATE DATABASE "${text('dbname').replaceAll('"', '""')}"`)
    for (const document of statements)
      readBy('Redshift', document, (one) => server.psql(asPostgres(one), text('dbname')))
    const front = stack.use(
      await startFront({
        server,
        certificate,
        admit: (user, password) => service.admit(user, password),
        keep: ['user', 'database'],
        status: { server_version: '8.0.2' },
        rewrite: queryGroup,
      }),
    )
    const rest = stack.move()
    return {
      connection: {
        host: '127.0.0.1',
        port: front.port,
        region,
        ...(serverless ? { is_serverless: true, serverless_work_group: workgroup } : {}),
      },
      env: {
        HTTPS_PROXY: `http://127.0.0.1:${api.proxy}`,
        AWS_CA_BUNDLE: api.ca,
        SSL_CERT_FILE: join(directory, 'ca.pem'),
      },
      told: () => [
        ...sts.calls.map(({ action, outcome, detail }) =>
          outcome === 'ok'
            ? `AWS answered ${action}.`
            : `AWS refused ${action}: ${outcome}${detail === '' ? '' : ` (${detail})`}.`,
        ),
        ...service.calls.map(({ action, outcome }) => `Redshift answered ${action}: ${outcome}.`),
        ...front.logins.map(({ user, admitted, detail }) =>
          admitted ? `Redshift let ${user} in.` : `Redshift refused ${user} (${detail}).`,
        ),
      ],
      [Symbol.asyncDispose]: () => rest.disposeAsync(),
    }
  }
}

/** PostgreSQL has no users without passwords. */
function asPostgres(text: string): string {
  return text.replaceAll(' PASSWORD DISABLE', '')
}

/** Nor has it query groups. */
function queryGroup(message: Message): Message {
  if (message.type !== 'P' && message.type !== 'Q') return message
  const text = message.body.toString()
  if (!/SET query_group TO '/i.test(text)) return message
  return { type: message.type, body: Buffer.from(text.replace('query_group', 'redshift.query_group')) }
}
