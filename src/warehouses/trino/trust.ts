import { fail } from '../../errors.ts'
import type { TrustDocument, TrustRequest } from '../../trust.ts'
import { comment, inert, json } from '../../trust/quote.ts'
import { nameOf } from '../../trust/naming.ts'
import { heldBy, type Held } from '../../trust/held.ts'
import { subjectsOf } from '../../trust/rules.ts'
import { catalogOf, type Connection } from '../trino.ts'
import { nameToRegex, toRegex } from './regex.ts'

/** A second line of the same name would take the place of the first. */
const TYPES = [
  'authentication.type is one list: where the server has such a line already, append ,JWT to it and leave ours out,',
  'or everybody who logs in by another type is shut out. So is whom no rule of security.config-file names: where there',
  'is no such file yet, put rules for everybody else behind ours.',
]

const MAPPING = 'etc/dbt-oidc-users.json'

/**
 * What a Trino server must hold: who may issue, for whom, which principal is which user
 * (https://trino.io/docs/476/security/jwt.html, user-mapping.html), and what that user may do (file-system-access-control.html).
 */
export function serverConfiguration(c: Connection, request: TrustRequest): readonly TrustDocument[] {
  const direct = request.via === 'direct'
  // Behind an identity provider Trino sees the provider's token, and none of GitHub's claims.
  const told = heldBy(direct ? request.rules : [], (rule) => rule.heldBySubject)
  const held = { heldThere: told.heldThere, checkedHere: told.checkedHere }
  const host = `${c.host}:${c.port}`
  const user = c.user ?? nameOf(request, { prefix: 'dbt', separator: '-' })
  return [
    {
      title: 'Trino: etc/config.properties',
      language: 'properties',
      text: [
        ...(c.user === undefined
          ? [
              comment('#', [
                `The user ${user} is named after repository and target; \`user:\` in the connection names another.`,
              ]),
            ]
          : []),
        direct ? forGitHub(request, told) : forProvider(request),
      ].join('\n'),
      ...held,
      file: { host, path: 'etc/config.properties' },
    },
    {
      title: `Trino: ${MAPPING}`,
      language: 'json',
      text: `${json(mapping(request, user))}\n`,
      ...held,
      file: { host, path: MAPPING },
      owns: principalsOf(request).map((principal) => ({
        what: `the principal ${principal} of the Trino at ${host}`,
        rule: user,
        remedy:
          'The server knows one user for it: let the grants of each target name an `environment` or `ref` of their own, or give both the same `user:`.',
      })),
    },
    {
      title: 'Trino: rules to put first into the file of `security.config-file`',
      language: 'json',
      text: `${json(rules(c, user))}\n`,
      ...held,
      file: { host, path: 'etc/rules.json' },
      owns: [
        {
          what: `the user ${user} of the Trino at ${host}`,
          rule: json(rules(c, user)),
          remedy: 'Give each target a user of its own, or the same catalog and schema.',
        },
      ],
    },
  ]
}

function forGitHub(request: TrustRequest, { heldThere, checkedHere, byGrant }: Held): string {
  if (request.audiences.length > 1)
    fail({
      code: 'configuration',
      problem: `A Trino server takes tokens for one audience, and the target ${request.target} has ${request.audiences.length}: ${request.audiences.join(', ')}.`,
      remedy:
        'Leave `also` out. An audience of Trino changes for all of its users at once: change server and policy together.',
    })
  const head = comment('#', [
    `Tokens of GitHub for the target ${request.target}. TLS must be on.`,
    ...TYPES,
    'Any repository on GitHub can get a token for this audience: the user mapping is what lets ours in and no other.',
    `Held there by the subject: ${heldThere.join(', ') || 'nothing but the repository'}.`,
    `Checked by this action only: ${checkedHere.join(', ') || 'nothing'}.`,
    ...byGrant,
  ])
  return [
    head,
    'http-server.authentication.type=JWT',
    property('http-server.authentication.jwt.key-file', `${request.issuer}/.well-known/jwks`),
    property('http-server.authentication.jwt.required-issuer', request.issuer),
    property('http-server.authentication.jwt.required-audience', request.audience),
    'http-server.authentication.jwt.principal-field=sub',
    property('http-server.authentication.jwt.user-mapping.file', MAPPING),
    '',
  ].join('\n')
}

/** Which tokens a provider makes is not known here; what is not known stands as a comment, so that it is not overlooked. */
function forProvider(request: TrustRequest): string {
  const entra = request.via === 'entra'
  const tenant = tenantOf(request) ?? 'TENANT'
  const head = comment('#', [
    `Tokens of the identity provider for the target ${request.target}. TLS must be on.`,
    ...TYPES,
    `${request.other ? `The token of ${request.other.name}` : "GitHub's token"} is judged by the provider: its trust is the document before this one.`,
    entra
      ? `${tenant === 'TENANT' ? 'Fill in the tenant and the resource app' : 'Fill in the resource app'}. These are those of v2 tokens (requestedAccessTokenVersion 2 of the resource app), whose azp is the client id.`
      : 'Fill in the issuer, its keys and the audience of its access tokens, and the claim that names the client.',
  ])
  const lines = entra
    ? [
        property(
          'http-server.authentication.jwt.key-file',
          `https://login.microsoftonline.com/${tenant}/discovery/v2.0/keys`,
        ),
        property(
          'http-server.authentication.jwt.required-issuer',
          `https://login.microsoftonline.com/${tenant}/v2.0`,
        ),
        'http-server.authentication.jwt.required-audience=CLIENT-ID-OF-THE-RESOURCE-APP',
      ]
    : [
        'http-server.authentication.jwt.key-file=KEYS-OF-THE-PROVIDER',
        'http-server.authentication.jwt.required-issuer=ISSUER-OF-THE-PROVIDER',
        'http-server.authentication.jwt.required-audience=AUDIENCE-OF-ITS-ACCESS-TOKENS',
      ]
  return [
    head,
    'http-server.authentication.type=JWT',
    ...lines,
    'http-server.authentication.jwt.principal-field=azp',
    property('http-server.authentication.jwt.user-mapping.file', MAPPING),
    '',
  ].join('\n')
}

/** The settings tell the issuer of v1 tokens, https://sts.windows.net/TENANT/; undefined in a cloud whose issuers nobody documents. */
function tenantOf({ issued }: TrustRequest): string | undefined {
  return /^https:\/\/sts\.windows\.net\/([0-9a-f-]+)\/$/i.exec(issued?.issuer ?? '')?.[1]
}

function principalsOf(request: TrustRequest): readonly string[] {
  return request.via === 'direct' ? subjectsOf(request.rules) : [request.identity]
}

/** The first rule that fits names the user; where none fits, nobody gets in. */
function mapping(request: TrustRequest, user: string): unknown {
  const patterns = principalsOf(request).map(request.via === 'direct' ? toRegex : nameToRegex)
  // The name of a user is a replacement of Java's regular expressions, in which `$` stands for a group.
  if (user.includes('$'))
    return fail({
      code: 'configuration',
      problem: `The user \`${user}\` cannot be written into a user mapping of Trino: \`$\` stands for something else there.`,
      remedy: 'Choose a user name without `$`.',
    })
  return { rules: patterns.map((pattern) => ({ pattern, user })) }
}

/**
 * The least that dbt needs: to see the catalog, to own one schema with what is in it, and to look up its materialized
 * views. GRANT_SELECT lets others read through the views that it makes.
 */
function rules(c: Connection, user: string): unknown {
  const [who, catalog, schema] = [user, catalogOf(c), c.schema].map(nameToRegex)
  const mine = { user: who, catalog, schema }
  return {
    catalogs: [
      { user: who, catalog, allow: 'all' },
      { user: who, catalog: 'system', allow: 'read-only' },
      { user: who, allow: 'none' },
    ],
    schemas: [
      { ...mine, owner: true },
      { user: who, owner: false },
    ],
    tables: [
      { ...mine, privileges: ['SELECT', 'INSERT', 'DELETE', 'UPDATE', 'OWNERSHIP', 'GRANT_SELECT'] },
      { user: who, catalog: 'system', schema: 'metadata', privileges: ['SELECT'] },
      { user: who, privileges: [] },
    ],
  }
}

/** A line of a Java properties file; nothing of ours needs an escape, and what would is refused. */
function property(name: string, value: string): string {
  return `${name}=${inert(value)}`
}
