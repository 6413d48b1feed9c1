import { fail } from '../../errors.ts'
import type { TrustDocument, TrustRequest } from '../../trust.ts'
import { comment, identifier, sql, verbatim, type Fragment } from '../../trust/quote.ts'
import { heading } from '../../trust/heading.ts'
import { heldBy } from '../../trust/held.ts'
import { nameOf, nameOfSubject } from '../../trust/naming.ts'
import { subjectsOf } from '../../trust/rules.ts'
import { roleOf, userOf, type Connection } from './connection.ts'

/** Named identities of one user (release notes of 2026-10-12), beside the default one. */
const MOST_NAMED = 10

/** What Snowflake is told about us: a service user for the ID token itself, or an integration for another server's tokens. */
export function trustOf(c: Connection, request: TrustRequest): readonly TrustDocument[] {
  return [request.via === 'direct' ? workloadIdentity(c, request) : externalOauth(c, request)]
}

/**
 * `CREATE USER … WORKLOAD_IDENTITY` (docs.snowflake.com, "Workload identity federation"): issuer, subject and one of the
 * audiences are compared as whole values, and nothing else of the token is looked at.
 */
function workloadIdentity(c: Connection, request: TrustRequest): TrustDocument {
  const held = heldBy(request.rules, (rule) => rule.heldBySubject)
  const { heldThere, checkedHere } = held
  const [first = '', ...more] = exactSubjects(request)
  const user = identifier(userOf(c, request))
  const role = identifier(roleOf(c, request))
  const login = (subject: string): Fragment =>
    verbatim(sql`TYPE = OIDC
    ISSUER = ${request.issuer}
    SUBJECT = ${subject}
    OIDC_AUDIENCE_LIST = (${request.audiences})`)
  const warehouse = c.warehouse === undefined ? '' : sql` DEFAULT_WAREHOUSE = ${identifier(c.warehouse)}`
  const statements = [
    ...rights(c, role),
    sql`CREATE USER IF NOT EXISTS ${user} TYPE = SERVICE
  WORKLOAD_IDENTITY = (
    ${login(first)}
  )
  DEFAULT_ROLE = ${role}${verbatim(warehouse)} DEFAULT_SECONDARY_ROLES = ();`,
    comment('--', ['DEFAULT_ROLE alone grants nothing.']),
    sql`GRANT ROLE ${role} TO USER ${user};`,
    ...more.map(
      (subject) => sql`ALTER USER ${user} ADD WORKLOAD IDENTITY ${identifier(nameOfSubject(request, subject))}
    ${login(subject)};`,
    ),
  ]
  return {
    title: `Snowflake: the service user of ${request.target}`,
    language: 'sql',
    text: [comment('--', [...heading(request, held), ...aboutNames(c)]), ...statements].join('\n'),
    heldThere,
    checkedHere,
    owns: [
      {
        what: `the user ${userOf(c, request)} of the account ${c.account.toLowerCase()}`,
        rule: JSON.stringify([request.issuer, request.audiences, first, more]),
        remedy: 'Give each target a user of its own, or leave `user:` out of their connections.',
      },
    ],
    prints: [first, ...more].map((subject, at) => ({
      name: at === 0 ? 'DEFAULT' : nameOfSubject(request, subject),
      type: 'OIDC',
      additional_info: { issuer: request.issuer, subject, audienceList: request.audiences },
    })),
  }
}

/** Whoever wants other names writes them where dbt reads them, too. */
function aboutNames({ user, role }: Connection): readonly string[] {
  const made = [...(user === undefined ? ['user'] : []), ...(role === undefined ? ['role'] : [])]
  if (made.length === 0) return []
  const keys = made.map((name) => `\`${name}:\``).join(' and ')
  return [
    `The ${made.join(' and the ')} ${made.length === 1 ? 'is' : 'are'} named after repository and target; ${keys} in the connection ${made.length === 1 ? 'names another' : 'name others'}.`,
  ]
}

/** Snowflake documents no wildcard for SUBJECT, so a pattern would be compared as it is written and never fit. */
function exactSubjects(request: TrustRequest): readonly string[] {
  const open = request.rules.find(({ exact }) => !exact)
  if (open)
    fail({
      code: 'configuration',
      problem: `The grant ${open.grant} fits more than one subject (${open.subjects.join(', ')}), and Snowflake compares the subject as a whole.`,
      remedy: `Give the grant a literal \`environment\`, \`ref\` or \`event_name: pull_request\`; one environment with its own deployment branches does for many refs.`,
    })
  const subjects = subjectsOf(request.rules)
  if (subjects.length > MOST_NAMED + 1)
    fail({
      code: 'configuration',
      problem: `The target ${request.target} has ${subjects.length} subjects; a Snowflake user can have ${MOST_NAMED + 1}.`,
      remedy: 'Use one environment for what is granted alike, or split the target.',
    })
  return subjects
}

function rights(c: Connection, role: Fragment): readonly string[] {
  const database = identifier(c.database)
  return [
    sql`CREATE ROLE IF NOT EXISTS ${role};`,
    ...(c.warehouse === undefined
      ? []
      : [sql`GRANT USAGE ON WAREHOUSE ${identifier(c.warehouse)} TO ROLE ${role};`]),
    comment('--', ['And USAGE and SELECT on the databases that the sources are in.']),
    sql`GRANT USAGE, CREATE SCHEMA ON DATABASE ${database} TO ROLE ${role};`,
  ]
}

/** External OAuth (docs.snowflake.com, "CREATE SECURITY INTEGRATION (External OAuth)"): the issuer is the server that trades. */
function externalOauth(c: Connection, request: TrustRequest): TrustDocument {
  const claims = [...new Set(request.rules.flatMap(({ when }) => [...when.keys()]))]
  const role = identifier(roleOf(c, request))
  const user = identifier(userOf(c, request))
  const entra = request.via === 'entra'
  const type = verbatim(entra ? 'AZURE' : 'CUSTOM')
  const issuer = entra ? 'https://sts.windows.net/<tenant>/' : '<iss of the access token, exactly>'
  const keys = entra
    ? 'https://login.microsoftonline.com/<tenant>/discovery/v2.0/keys'
    : '<jwks_uri of that issuer>'
  const scopes = entra ? '' : "\n  EXTERNAL_OAUTH_SCOPE_MAPPING_ATTRIBUTE = 'scope'"
  const lines = [
    `Trust of the target ${request.target}: Snowflake takes the access token that ${request.via} gives for GitHub's.`,
    'What stands in <…> is the authorization server’s own: read it off an access token or its discovery document.',
    'Nothing of the grants is compared here: GitHub’s token is judged where it is traded, and by this action.',
  ]
  const statements = [
    ...rights(c, role),
    sql`CREATE SECURITY INTEGRATION IF NOT EXISTS ${identifier(nameOf(request, { prefix: 'DBT_OIDC', separator: '_', upper: true }))}
  TYPE = EXTERNAL_OAUTH ENABLED = TRUE EXTERNAL_OAUTH_TYPE = ${type}
  EXTERNAL_OAUTH_ISSUER = ${issuer}
  EXTERNAL_OAUTH_JWS_KEYS_URL = ${keys}
  EXTERNAL_OAUTH_AUDIENCE_LIST = (${'<aud of the access token>'})
  EXTERNAL_OAUTH_TOKEN_USER_MAPPING_CLAIM = 'sub'${verbatim(scopes)}
  EXTERNAL_OAUTH_SNOWFLAKE_USER_MAPPING_ATTRIBUTE = 'LOGIN_NAME'
  EXTERNAL_OAUTH_ANY_ROLE_MODE = 'DISABLE'
  EXTERNAL_OAUTH_ALLOWED_ROLES_LIST = (${c.role ?? roleOf(c, request)});`,
    sql`CREATE USER IF NOT EXISTS ${user} TYPE = SERVICE LOGIN_NAME = ${'<sub of the access token>'}
  DEFAULT_ROLE = ${role} DEFAULT_SECONDARY_ROLES = ();`,
    sql`GRANT ROLE ${role} TO USER ${user};`,
  ]
  return {
    title: `Snowflake: external OAuth for ${request.target}`,
    language: 'sql',
    text: [comment('--', [...lines, ...aboutNames(c)]), ...statements].join('\n'),
    heldThere: [],
    checkedHere: claims,
  }
}
