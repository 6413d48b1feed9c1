import * as z from 'zod/mini'
import { isLoopbackHost } from '../../rehearsal.ts'

const shape = z.looseObject({
  host: z.string().check(z.minLength(1)),
  port: z._default(z.int().check(z.minimum(1), z.maximum(65_535)), 5439),
  method: z.optional(z.string()),
  user: z.optional(z.string()),
  dbname: z.optional(z.string()),
  database: z.optional(z.string()),
  schema: z.string().check(z.minLength(1)),
  cluster_id: z.optional(z.string()),
  region: z.optional(z.string()),
  is_serverless: z.optional(z.boolean()),
  serverless_work_group: z.optional(z.string()),
  sslmode: z.optional(z.string()),
})

export type Connection = z.infer<typeof shape>

/** An output of dbt-redshift whose login is by IAM, or through IAM Identity Center. */
export const connection = shape.check((payload) => {
  for (const { field, message } of flaws(payload.value))
    payload.issues.push({ code: 'custom', path: [field], message, input: payload.value })
})

/** What the names of a cluster's or workgroup's endpoint tell. */
export interface Endpoint {
  /** The cluster's or the workgroup's. */
  readonly name: string
  readonly region: string
  readonly serverless: boolean
  /** Serverless endpoints name their account. */
  readonly account: string | undefined
}

/** What an endpoint's name says; undefined for any other host. */
export function endpointOf(host: string): Endpoint | undefined {
  const pattern =
    /^([a-z0-9-]+)\.([a-z0-9]+)\.([a-z]{2,}(?:-[a-z]+)+-\d)\.redshift(-serverless)?\.amazonaws\.com(?:\.cn)?$/
  const [, name, owner, region, serverless] = pattern.exec(host.toLowerCase()) ?? []
  if (name === undefined || region === undefined) return undefined
  return {
    name,
    region,
    serverless: serverless !== undefined,
    account: serverless === undefined ? undefined : owner,
  }
}

/** dbt takes both names for it. */
export function databaseOf({ dbname, database }: Connection): string {
  return dbname ?? database ?? ''
}

/** As dbt-redshift itself decides. */
export function isServerless({ host, is_serverless }: Connection): boolean {
  return host.includes('serverless') || is_serverless === true
}

/** dbt's own default is a password, which is the one thing that is not to be had here. */
export function methodOf({ method }: Pick<Connection, 'method'>): string {
  return method ?? 'iam_role'
}

/** Whether the login is with a token of somebody that IAM Identity Center trusts. */
export function byIdentityCenter(c: Pick<Connection, 'method'>): boolean {
  return methodOf(c) === 'oauth_token_identity_center'
}

/** What the driver never gives up TLS for. */
const WITH_TLS = ['require', 'verify-ca', 'verify-full']

interface Flaw {
  readonly field: string
  readonly message: string
}

function flaws(c: Connection): readonly Flaw[] {
  const endpoint = endpointOf(c.host)
  const found: (Flaw | false)[] = [
    strangersHost(c.host),
    databaseOf(c) === '' && { field: 'dbname', message: 'must name the database' },
    c.region !== undefined &&
      endpoint !== undefined &&
      c.region !== endpoint.region && {
        field: 'region',
        message: `is \`${c.region}\`, but the host is in ${endpoint.region}: leave it out, or name the host that you mean`,
      },
    c.sslmode !== undefined &&
      !WITH_TLS.includes(c.sslmode) &&
      !isLoopbackHost(c.host) && {
        field: 'sslmode',
        message:
          'could let the credential cross the network in clear: leave it out, or write `require`, `verify-ca` or `verify-full`',
      },
    !isServerless(c) &&
      !byIdentityCenter(c) &&
      c.cluster_id === undefined && {
        field: 'cluster_id',
        message: `must name the cluster${endpoint ? `, as \`cluster_id: ${endpoint.name}\`` : ''}; Redshift Serverless needs none, and its hosts end in redshift-serverless.amazonaws.com`,
      },
    ...methodFlaws(c),
  ]
  return found.filter((one) => one !== false)
}

function strangersHost(host: string): Flaw | false {
  return (
    endpointOf(host) === undefined &&
    !isLoopbackHost(host) && {
      field: 'host',
      message:
        'is no endpoint of Redshift, and a custom domain could lead the password anywhere: write the endpoint of the cluster or workgroup itself, as `NAME.ID.REGION.redshift.amazonaws.com`',
    }
  )
}

function methodFlaws(c: Connection): readonly (Flaw | false)[] {
  const method = methodOf(c)
  if (method === 'iam_role')
    return [
      c.user !== undefined && {
        field: 'user',
        message:
          'stands beside `method: iam_role`, which logs in as the user of the IAM role (IAMR:NAME): leave it out, or write `method: iam`',
      },
    ]
  if (byIdentityCenter(c))
    return [
      c.user !== undefined && {
        field: 'user',
        message: `stands beside \`method: ${method}\`, which logs in as the user of IAM Identity Center: leave it out`,
      },
    ]
  if (method !== 'iam')
    return [
      {
        field: 'method',
        message: `is \`${method}\`; this action logs in with \`iam_role\` or, to be a user of your choice, \`iam\`; \`oauth_token_identity_center\` goes through IAM Identity Center`,
      },
    ]
  return [
    c.user === undefined && {
      field: 'user',
      message: 'must name the database user for `method: iam`; with `iam_role` it comes from the IAM role',
    },
    isServerless(c) && {
      field: 'method',
      message: 'is `iam`, which Redshift Serverless does not know: write `method: iam_role`',
    },
  ]
}
