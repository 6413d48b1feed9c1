// Redshift's passwords as its API references have them:
// https://docs.aws.amazon.com/redshift/latest/APIReference/API_GetClusterCredentialsWithIAM.html
// https://docs.aws.amazon.com/redshift/latest/APIReference/API_GetClusterCredentials.html
// https://docs.aws.amazon.com/redshift-serverless/latest/APIReference/API_GetCredentials.html
import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { readBody } from '../issuer-server.ts'
import type { Admission } from '../postgres/front.ts'
import { parseRecord, scalarText } from '../shape.ts'
import { permits, sessionArn, type Cloud, type Session } from './account.ts'
import { errorXml, headersOf, Refusal, signer } from './sts.ts'

/** One cluster and one workgroup of an account. */
export interface RedshiftOptions {
  readonly cloud: Cloud
  readonly region: string
  readonly account: string
  readonly cluster: string
  readonly database: string
  readonly workgroup: { readonly name: string; readonly id: string }
  /** Seconds that a password lives, whatever was asked for. */
  readonly life?: () => number | undefined
}

/** One call with what became of it. */
export interface RedshiftCall {
  readonly action: string
  readonly outcome: string
  /** Of the keys that have signed it; empty where they were not accepted. */
  readonly accessKeyId: string
  readonly at: number
}

/** The two services, and what a database of theirs asks them about a login. */
export interface Redshift {
  /** Names of the hosts. */
  readonly hosts: readonly string[]
  readonly calls: readonly RedshiftCall[]
  handle(res: ServerResponse, req: IncomingMessage): Promise<void>
  admit(user: string, password: string): Admission
}

const NAMESPACE = 'http://redshift.amazonaws.com/doc/2012-12-01/'

interface Password {
  readonly user: string
  readonly password: string
  readonly expiresAt: number
}

/** Starts with no password handed out. */
export function newRedshift(options: RedshiftOptions): Redshift {
  const passwords: Password[] = []
  const calls: RedshiftCall[] = []
  const hosts = ['redshift', 'redshift-serverless'].map(
    (service) => `${service}.${options.region}.amazonaws.com`,
  )
  const lend = (user: string, seconds: number): Password => {
    const password = {
      user,
      password: randomBytes(24).toString('base64'),
      expiresAt: Date.now() + (options.life?.() ?? seconds) * 1000,
    }
    passwords.push(password)
    return password
  }
  return {
    hosts,
    calls,
    async handle(res, req) {
      const body = await readBody(req)
      const headers = headersOf(req)
      const arrived = { method: req.method ?? '', target: req.url ?? '/', headers, body }
      const serverless = headers.host === hosts[1]
      const form = new Map(new URLSearchParams(serverless ? '' : body))
      const at = Date.now()
      let accessKeyId = ''
      const action = (serverless ? headers['x-amz-target']?.split('.')[1] : form.get('Action')) ?? ''
      try {
        const session = signer(
          { ...options, host: headers.host ?? '' },
          serverless ? 'redshift-serverless' : 'redshift',
          arrived,
        )
        accessKeyId = session.accessKeyId
        const said = serverless
          ? getCredentials(options, session, parseRecord(body), lend)
          : clusterCredentials(options, session, form, lend)
        calls.push({ action, outcome: 'ok', accessKeyId, at })
        res
          .writeHead(200, { 'content-type': serverless ? 'application/x-amz-json-1.1' : 'text/xml' })
          .end(said)
      } catch (error) {
        if (!(error instanceof Refusal)) throw error
        calls.push({ action, outcome: error.code, accessKeyId, at })
        if (!serverless)
          res.writeHead(error.status, { 'content-type': 'text/xml' }).end(errorXml(error, NAMESPACE))
        else
          res
            .writeHead(error.status, { 'content-type': 'application/x-amz-json-1.1' })
            .end(JSON.stringify({ __type: error.code, message: error.message }))
      }
    },
    admit(user, password) {
      const found = passwords.find((one) => one.user === user && one.password === password)
      // The prefix of GetClusterCredentials is no part of the name of the database's user.
      if (found && found.expiresAt > Date.now()) return { role: user.replace(/^IAMA?:/, '') }
      return {
        refusal: `password authentication failed for user "${user}"`,
        detail: found ? 'the password has expired' : 'nobody was lent this password',
      }
    },
  }
}

type Lend = (user: string, seconds: number) => Password

function clusterCredentials(
  options: RedshiftOptions,
  session: Session,
  form: ReadonlyMap<string, string>,
  lend: Lend,
): string {
  const action = form.get('Action') ?? ''
  if (form.has('CustomDomainName'))
    throw new Refusal(404, 'CustomDomainAssociationNotFoundFault', 'There is no such custom domain.')
  if (action !== 'GetClusterCredentialsWithIAM' && action !== 'GetClusterCredentials')
    throw new Refusal(400, 'InvalidAction', action)
  const { region, account, cluster, database } = options
  const base = `arn:aws:redshift:${region}:${account}`
  const name = form.get('ClusterIdentifier') ?? ''
  require(session, `redshift:${action}`, `${base}:dbname:${name}/${form.get('DbName') ?? ''}`)
  const chosen = form.get('DbUser') ?? ''
  if (action === 'GetClusterCredentials')
    require(session, `redshift:${action}`, `${base}:dbuser:${name}/${chosen}`)
  if (name !== cluster || form.get('DbName') !== database)
    throw new Refusal(404, 'ClusterNotFound', `Cluster ${name} not found.`)
  const user = action === 'GetClusterCredentials' ? `IAM:${chosen}` : `IAMR:${session.role.name}`
  const { password, expiresAt } = lend(user, Number(form.get('DurationSeconds') ?? 900))
  const until = new Date(expiresAt).toISOString()
  return `<${action}Response xmlns="${NAMESPACE}"><${action}Result><DbUser>${user}</DbUser><DbPassword>${password}</DbPassword><Expiration>${until}</Expiration></${action}Result><ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata></${action}Response>`
}

function getCredentials(
  { region, account, workgroup, database }: RedshiftOptions,
  session: Session,
  body: Readonly<Record<string, unknown>>,
  lend: Lend,
): string {
  require(session, 'redshift-serverless:GetCredentials', `arn:aws:redshift-serverless:${region}:${account}:workgroup/${workgroup.id}`)
  if (scalarText(body.workgroupName) !== workgroup.name || scalarText(body.dbName) !== database)
    throw new Refusal(400, 'ResourceNotFoundException', 'There is no such workgroup or database.')
  const { user, password, expiresAt } = lend(`IAMR:${session.role.name}`, 900)
  return JSON.stringify({
    dbUser: user,
    dbPassword: password,
    expiration: expiresAt / 1000,
    nextRefreshTime: expiresAt / 1000,
  })
}

function require(session: Session, action: string, resource: string): void {
  if (!permits(session, action, resource))
    throw new Refusal(
      403,
      'AccessDenied',
      `User: ${sessionArn(session)} is not authorized to perform: ${action} on resource: ${resource}`,
    )
}
