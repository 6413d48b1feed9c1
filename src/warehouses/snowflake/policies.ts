import { isLiteral } from '../../pattern.ts'
import { comment, identifier, sql, verbatim, type Fragment } from '../../trust/quote.ts'
import { nameOf } from '../../trust/naming.ts'
import type { TrustDocument, TrustRequest } from '../../trust.ts'
import { userOf, type Connection } from './connection.ts'

/** A rule that Snowflake keeps up to date: the addresses of the runners that GitHub hosts. */
const GITHUB_HOSTED = ['SNOWFLAKE', 'NETWORK_SECURITY', 'GITHUBACTIONS_GLOBAL'] as const

/** By what the user logs in. */
export type Means = 'workload identity' | { readonly integration: string }

/** Something that is made, and set for the user; statements without a semicolon. */
export interface Policy {
  readonly lines: readonly string[]
  readonly name: string
  readonly create: string
  readonly drop: string
  readonly set: string
  readonly unset: string
}

/** How the user may log in, and by no other means (docs.snowflake.com, "CREATE AUTHENTICATION POLICY"). */
export function authenticationPolicy(c: Connection, request: TrustRequest, means: Means): Policy {
  const name = nameOf(request, { prefix: 'DBT_LOGIN', separator: '_', upper: true })
  // A policy lives in a schema; whom it binds has no rights there.
  const full = verbatim([identifier(c.database), identifier('PUBLIC'), identifier(name)].map(text).join('.'))
  const user = identifier(userOf(c, request))
  const allowed =
    means === 'workload identity'
      ? sql`AUTHENTICATION_METHODS = ('WORKLOAD_IDENTITY')
  WORKLOAD_IDENTITY_POLICY = (ALLOWED_PROVIDERS = (OIDC) ALLOWED_OIDC_ISSUERS = (${request.issuer}))`
      : sql`AUTHENTICATION_METHODS = ('OAUTH')
  SECURITY_INTEGRATIONS = (${means.integration})`
  return {
    lines: [
      'Of itself a service user may log in by a key pair or an access token of Snowflake, too, once somebody gives it one.',
      `Where the account keeps its policies elsewhere, write that for ${text(full)}.`,
    ],
    name,
    create: sql`CREATE AUTHENTICATION POLICY IF NOT EXISTS ${full}
  ${verbatim(allowed)}
  CLIENT_TYPES = ('DRIVERS')`,
    drop: sql`DROP AUTHENTICATION POLICY IF EXISTS ${full}`,
    set: sql`ALTER USER ${user} SET AUTHENTICATION POLICY ${full}`,
    unset: sql`ALTER USER ${user} UNSET AUTHENTICATION POLICY`,
  }
}

/** From where the user may log in; undefined where the grants do not say that GitHub hosts the runner. */
export function networkPolicy(c: Connection, request: TrustRequest): Policy | undefined {
  const hosted = request.rules.every(({ when }) => {
    const where = when.get('runner_environment') ?? []
    return where.length > 0 && where.every((one) => isLiteral(one) && one === 'github-hosted')
  })
  if (!hosted) return undefined
  const name = nameOf(request, { prefix: 'DBT_NETWORK', separator: '_', upper: true })
  const [policy, user] = [identifier(name), identifier(userOf(c, request))]
  return {
    lines: [
      'The grants ask for runners that GitHub hosts, whose addresses Snowflake keeps in a rule of its own. They are those of',
      'everybody on GitHub: this keeps out whoever took a token elsewhere, and no other repository. Larger runners with',
      'addresses of their own, and a proxy, need a rule of yours beside it.',
    ],
    name,
    create: sql`CREATE NETWORK POLICY IF NOT EXISTS ${policy}
  ALLOWED_NETWORK_RULE_LIST = (${GITHUB_HOSTED.join('.')})`,
    drop: sql`DROP NETWORK POLICY IF EXISTS ${policy}`,
    set: sql`ALTER USER ${user} SET NETWORK_POLICY = ${policy}`,
    unset: sql`ALTER USER ${user} UNSET NETWORK_POLICY`,
  }
}

/** The rule as the provider of Terraform names it. */
export const GITHUB_HOSTED_RULE = GITHUB_HOSTED.map((part) => `"${part}"`).join('.')

/** The policies as statements to paste, after those that make the user. */
export function policyDocuments(
  c: Connection,
  request: TrustRequest,
  means: Means,
): readonly TrustDocument[] {
  const network = networkPolicy(c, request)
  return [
    written(howTitle(request), authenticationPolicy(c, request, means)),
    ...(network ? [written(whenceTitle(request), network)] : []),
  ]
}

function written(title: string, { lines, create, set }: Policy): TrustDocument {
  const text = [comment('--', lines), `${create};`, `${set};`].join('\n')
  return { title, language: 'sql', text, heldThere: [], checkedHere: [] }
}

/** The titles of both, whatever they are written in. */
export function howTitle({ target }: TrustRequest): string {
  return `Snowflake: how the user of ${target} may log in`
}

export function whenceTitle({ target }: TrustRequest): string {
  return `Snowflake: from where the user of ${target} may log in`
}

function text({ fragment }: Fragment): string {
  return fragment
}
