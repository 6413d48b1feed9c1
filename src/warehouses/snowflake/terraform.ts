import { block, hclDocument, reference, resource } from '../../trust/hcl.ts'
import { heading } from '../../trust/heading.ts'
import { heldBy } from '../../trust/held.ts'
import { labelFor } from '../../trust/label.ts'
import { comment, identifier, type Fragment } from '../../trust/quote.ts'
import type { TrustDocument, TrustRequest } from '../../trust.ts'
import { roleOf, userOf, type Connection } from './connection.ts'
import { integrationOf } from './external.ts'
import { databaseRoleResource } from '../../exchanges/vault/database-role.ts'
import { keyPairByVault } from './key-pair.ts'
import { addNamed, identitiesOf, removeNamed } from './identities.ts'
import {
  authenticationPolicy,
  GITHUB_HOSTED_RULE,
  howTitle,
  networkPolicy,
  whenceTitle,
  type Means,
  type Policy,
} from './policies.ts'
import { aboutAudience, aboutNames, owned } from './trust.ts'

/** What the provider wants switched on; without it the identity would be taken from the user again. */
const SWITCH =
  'The provider snowflakedb/snowflake (2.12 or later) needs experimental_features_enabled = ["USER_ENABLE_DEFAULT_WORKLOAD_IDENTITY"].'

const NONE = { heldThere: [], checkedHere: [] }

/** The same as `trustOf`, for the provider snowflakedb/snowflake. */
export function terraformOf(c: Connection, request: TrustRequest): readonly TrustDocument[] {
  const roles = roleDocuments(c, request)
  if (request.via === 'vault') return [...roles, ...keyPairByVault(c, request, databaseRoleResource).slice(1)]
  return [...roles, ...(request.via === 'direct' ? workloadIdentity(c, request) : externalOauth(c, request))]
}

function workloadIdentity(c: Connection, request: TrustRequest): readonly TrustDocument[] {
  const held = heldBy(request.rules, (rule) => rule.heldBySubject)
  const { heldThere, checkedHere } = held
  const identities = identitiesOf(request)
  const { issuer, audiences } = request
  const made = userResource(c, request, {
    default_warehouse: c.warehouse,
    default_workload_identity: block({
      oidc: block({ issuer, subject: identities.first, oidc_audience_list: audiences }),
    }),
  })
  const user = identifier(userOf(c, request))
  const named = identities.named.map((one) =>
    execution(
      `${request.target}_${one.name}`,
      { create: addNamed(user, one, request), drop: removeNamed(user, one) },
      [userOfTarget(request)],
    ),
  )
  return [
    {
      title: `Snowflake: the service user of ${request.target}`,
      language: 'hcl',
      text: hclDocument(
        comment('#', [
          ...heading(request, held),
          SWITCH,
          ...aboutAudience(request),
          ...aboutNames(c, request),
        ]),
        [...made, ...named],
      ),
      heldThere,
      checkedHere,
      ...owned(c, request, identities),
    },
    ...policies(c, request, 'workload identity'),
  ]
}

function externalOauth(c: Connection, request: TrustRequest): readonly TrustDocument[] {
  const { name, type, issuer, keys, audience, scopes, login, claims, lines } = integrationOf(c, request)
  const integration = resource('snowflake_external_oauth_integration', labelFor(request.target), {
    name,
    enabled: true,
    external_oauth_type: type,
    external_oauth_issuer: issuer,
    external_oauth_jws_keys_url: [keys],
    external_oauth_audience_list: [audience],
    external_oauth_token_user_mapping_claim: ['sub'],
    external_oauth_scope_mapping_attribute: scopes,
    external_oauth_snowflake_user_mapping_attribute: 'LOGIN_NAME',
    external_oauth_any_role_mode: 'DISABLE',
    external_oauth_allowed_roles_list: [roleName(c, request)],
  })
  return [
    {
      title: `Snowflake: external OAuth for ${request.target}`,
      language: 'hcl',
      text: hclDocument(comment('#', [...lines, ...aboutNames(c, request)]), [
        integration,
        ...userResource(c, request, { login_name: login }),
      ]),
      heldThere: [],
      checkedHere: claims,
    },
    ...policies(c, request, { integration: name }),
  ]
}

type UserFields = Parameters<typeof resource>[2]

function userResource(c: Connection, request: TrustRequest, fields: UserFields): readonly string[] {
  const label = labelFor(request.target)
  const network = networkPolicy(c, request)
  return [
    resource('snowflake_service_user', label, {
      name: userOf(c, request),
      default_role: roleName(c, request),
      default_secondary_roles_option: 'NONE',
      network_policy: network && reference(`snowflake_network_policy.${label}.name`),
      ...fields,
    }),
    resource('snowflake_grant_account_role', label, {
      role_name: roleName(c, request),
      user_name: reference(`${userOfTarget(request)}.name`),
    }),
  ]
}

/** The policy of the user is set by statements: the resources of the provider for it are a preview. */
function policies(c: Connection, request: TrustRequest, means: Means): readonly TrustDocument[] {
  const { lines, create, drop, set, unset } = authenticationPolicy(c, request, means)
  const network = networkPolicy(c, request)
  const label = (what: string): string => `${request.target}_${what}`
  const login = execution(label('login'), { create, drop }, [])
  const attached = execution(label('login_set'), { create: set, drop: unset }, [
    `snowflake_execute.${labelFor(label('login'))}`,
    userOfTarget(request),
  ])
  return [
    written(howTitle(request), lines, [login, attached]),
    ...(network
      ? [
          written(whenceTitle(request), network.lines, [
            resource('snowflake_network_policy', labelFor(request.target), {
              name: network.name,
              allowed_network_rule_list: [GITHUB_HOSTED_RULE],
            }),
          ]),
        ]
      : []),
  ]
}

function written(title: string, about: readonly string[], blocks: readonly string[]): TrustDocument {
  return { title, language: 'hcl', text: hclDocument(comment('#', about), blocks), ...NONE }
}

function execution(
  label: string,
  { create, drop }: Pick<Policy, 'create' | 'drop'>,
  after: readonly string[],
): string {
  return resource('snowflake_execute', labelFor(label), {
    execute: oneLine(create),
    revert: oneLine(drop),
    depends_on: after.length === 0 ? undefined : after.map(reference),
  })
}

/** The line ends are those of our own templates: a value with one was refused. */
function oneLine(statement: string): string {
  return statement.replaceAll(/\s*\n\s*/g, ' ')
}

/** Roles and their rights are texts of their own: targets may share them. */
function roleDocuments(c: Connection, request: TrustRequest): readonly TrustDocument[] {
  const name = roleOf(c, request)
  const account = c.account.toLowerCase()
  const role = roleName(c, request)
  const lines = comment('#', [`By a provider "snowflake" of the account ${account}.`])
  const grant = (kind: string, object: string, privileges: readonly string[]): TrustDocument => ({
    title: `Snowflake: the role ${name} and the ${kind.toLowerCase()} ${object}`,
    language: 'hcl',
    text: hclDocument(lines, [
      resource(
        'snowflake_grant_privileges_to_account_role',
        labelFor([account, name, kind, object].join('_')),
        {
          account_role_name: role,
          privileges,
          on_account_object: block({ object_type: kind, object_name: object }),
        },
      ),
    ]),
    ...NONE,
  })
  return [
    {
      title: `Snowflake: the role ${name}`,
      language: 'hcl',
      text: hclDocument(lines, [resource('snowflake_account_role', roleLabel(c, request), { name })]),
      ...NONE,
    },
    ...(c.warehouse === undefined ? [] : [grant('WAREHOUSE', c.warehouse, ['USAGE'])]),
    grant('DATABASE', c.database, ['USAGE', 'CREATE SCHEMA']),
  ]
}

function roleLabel(c: Connection, request: TrustRequest): string {
  return labelFor([c.account.toLowerCase(), roleOf(c, request)].join('_'))
}

function roleName(c: Connection, request: TrustRequest): Fragment {
  return reference(`snowflake_account_role.${roleLabel(c, request)}.name`)
}

function userOfTarget({ target }: TrustRequest): string {
  return `snowflake_service_user.${labelFor(target)}`
}
