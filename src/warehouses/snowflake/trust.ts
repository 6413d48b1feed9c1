import type { TrustDocument, TrustRequest } from '../../trust.ts'
import { creations, type Part } from '../../trust/parts.ts'
import { comment, identifier, sql, verbatim } from '../../trust/quote.ts'
import { heading } from '../../trust/heading.ts'
import { heldBy } from '../../trust/held.ts'
import { roleOf, userOf, type Connection } from './connection.ts'
import { integrationOf } from './external.ts'
import { addNamed, identitiesOf, loginBy, removeNamed, type Identities } from './identities.ts'
import { keyPairByVault } from './key-pair.ts'
import { policyDocuments } from './policies.ts'
import { rights } from './rights.ts'

/** What Snowflake is told about us: a service user for the ID token itself, or an integration for another server's tokens. */
export function trustOf(c: Connection, request: TrustRequest): readonly TrustDocument[] {
  if (request.via === 'vault') return keyPairByVault(c, request)
  return request.via === 'direct' ? workloadIdentity(c, request) : externalOauth(c, request)
}

/**
 * `CREATE USER … WORKLOAD_IDENTITY` (docs.snowflake.com, "Workload identity federation"): issuer, subject and one of the
 * audiences are compared as whole values, and nothing else of the token is looked at.
 */
function workloadIdentity(c: Connection, request: TrustRequest): readonly TrustDocument[] {
  const held = heldBy(request.rules, (rule) => rule.heldBySubject)
  const { heldThere, checkedHere } = held
  const identities = identitiesOf(request)
  const user = identifier(userOf(c, request))
  const role = identifier(roleOf(c, request))
  const warehouse = c.warehouse === undefined ? '' : sql` DEFAULT_WAREHOUSE = ${identifier(c.warehouse)}`
  const whose = `the user ${userOf(c, request)} of ${c.account.toLowerCase()}`
  const login = verbatim(sql`WORKLOAD_IDENTITY = (
    ${loginBy(identities.first, request)}
  )`)
  const defaults = verbatim(sql`DEFAULT_ROLE = ${role}${verbatim(warehouse)} DEFAULT_SECONDARY_ROLES = ()`)
  const parts: readonly Part[] = [
    ...rights(c, role, roleOf(c, request)),
    {
      what: whose,
      state: defaults.fragment,
      create: sql`CREATE USER IF NOT EXISTS ${user} TYPE = SERVICE
  ${login}
  ${defaults};`,
      update: sql`ALTER USER ${user} SET ${defaults};`,
      remove: sql`DROP USER ${user};`,
    },
    {
      what: `how ${whose} comes in`,
      state: login.fragment,
      within: whose,
      create: sql`ALTER USER ${user} SET ${login};`,
      // Whoever is in stays in: only a named identity that is removed closes its sessions.
      update: sql`ALTER USER ${user} SET ${login};`,
    },
    {
      what: `the role ${roleOf(c, request)} of ${whose}`,
      state: '',
      create: [
        comment('--', ['DEFAULT_ROLE alone grants nothing.']),
        sql`GRANT ROLE ${role} TO USER ${user};`,
      ].join('\n'),
      remove: sql`REVOKE ROLE ${role} FROM USER ${user};`,
    },
    ...identities.named.map((one) => ({
      what: `the identity ${one.name} of ${whose}`,
      state: '',
      create: `${addNamed(user, one, request)};`,
      remove: `${removeNamed(user, one)};`,
    })),
  ]
  return [
    {
      title: `Snowflake: the service user of ${request.target}`,
      language: 'sql',
      text: [
        comment('--', [
          ...heading(request, held),
          ...aboutAudience(request),
          ...aboutNames(c, request),
          ...aboutExisting(c),
        ]),
        ...creations(parts),
      ].join('\n'),
      parts,
      heldThere,
      checkedHere,
      ...owned(c, request, identities),
      prints: [
        { name: 'DEFAULT', subject: identities.first, audiences: request.audiences },
        ...identities.named.map(({ audience, ...one }) => ({ ...one, audiences: [audience] })),
      ].map(({ name, subject, audiences: audienceList }) => ({
        name,
        type: 'OIDC',
        additional_info: { issuer: request.issuer, subject, audienceList },
      })),
    },
    ...policyDocuments(c, request, 'workload identity'),
  ]
}

/** A user has one list of identities: a second target's would stand beside the first one's. */
export function owned(
  c: Connection,
  request: TrustRequest,
  { first, named }: Identities,
): Pick<TrustDocument, 'owns'> {
  const subjects = named.map(({ subject }) => subject)
  return {
    owns: [
      {
        what: `the user ${userOf(c, request)} of the account ${c.account.toLowerCase()}`,
        rule: JSON.stringify([request.issuer, request.audiences, first, subjects]),
        remedy: 'Give each target a user of its own, or leave `user:` out of their connections.',
      },
    ],
  }
}

/** What every account of Snowflake takes where its list is empty. */
const SHARED = 'snowflakecomputing.com'

/** A token for the shared audience that somebody gets hold of opens the same subject elsewhere. */
export function aboutAudience({ audiences }: TrustRequest): readonly string[] {
  if (!audiences.includes(SHARED)) return []
  return [
    `${SHARED} is the audience of every account: \`audience: own\` of the target makes one that no other account or target takes.`,
  ]
}

/** Whoever wants other names writes them where dbt reads them, too. */
export function aboutNames({ user, role }: Connection, { other }: TrustRequest): readonly string[] {
  const made = [...(user === undefined ? ['user'] : []), ...(role === undefined ? ['role'] : [])]
  if (made.length === 0) return []
  const keys = made.map((name) => `\`${name}:\``).join(' and ')
  return [
    `The ${made.join(' and the ')} ${made.length === 1 ? 'is' : 'are'} named after ${other ? 'issuer' : 'repository'} and target; ${keys} in the connection ${made.length === 1 ? 'names another' : 'name others'}.`,
  ]
}

/** CREATE … IF NOT EXISTS leaves a user as it is, and whoever names one may well have it already. */
function aboutExisting({ user }: Connection): readonly string[] {
  if (user === undefined) return []
  return [
    'A user of this name that is there already stays as it is, and nobody new comes in: say then, in place of CREATE USER,',
    'ALTER USER … UNSET PASSWORD, RSA_PUBLIC_KEY; ALTER USER … SET TYPE = SERVICE; ALTER USER … SET WORKLOAD_IDENTITY = (what stands below).',
  ]
}

function externalOauth(c: Connection, request: TrustRequest): readonly TrustDocument[] {
  const { name, type, issuer, keys, audience, scopes, login, claims, lines, ...of } = integrationOf(
    c,
    request,
  )
  const role = identifier(of.role)
  const user = identifier(userOf(c, request))
  const mapped = scopes === undefined ? '' : sql`\n  EXTERNAL_OAUTH_SCOPE_MAPPING_ATTRIBUTE = ${scopes}`
  const statements = [
    ...creations(rights(c, role, of.role)),
    sql`CREATE SECURITY INTEGRATION IF NOT EXISTS ${identifier(name)}
  TYPE = EXTERNAL_OAUTH ENABLED = TRUE EXTERNAL_OAUTH_TYPE = ${verbatim(type)}
  EXTERNAL_OAUTH_ISSUER = ${issuer}
  EXTERNAL_OAUTH_JWS_KEYS_URL = ${keys}
  EXTERNAL_OAUTH_AUDIENCE_LIST = (${audience})
  EXTERNAL_OAUTH_TOKEN_USER_MAPPING_CLAIM = 'sub'${verbatim(mapped)}
  EXTERNAL_OAUTH_SNOWFLAKE_USER_MAPPING_ATTRIBUTE = 'LOGIN_NAME'
  EXTERNAL_OAUTH_ANY_ROLE_MODE = 'DISABLE'
  EXTERNAL_OAUTH_ALLOWED_ROLES_LIST = (${of.role});`,
    sql`CREATE USER IF NOT EXISTS ${user} TYPE = SERVICE LOGIN_NAME = ${login}
  DEFAULT_ROLE = ${role} DEFAULT_SECONDARY_ROLES = ();`,
    sql`GRANT ROLE ${role} TO USER ${user};`,
  ]
  return [
    {
      title: `Snowflake: external OAuth for ${request.target}`,
      language: 'sql',
      text: [comment('--', [...lines, ...aboutNames(c, request)]), ...statements].join('\n'),
      heldThere: [],
      checkedHere: claims,
    },
    ...policyDocuments(c, request, { integration: name }),
  ]
}
