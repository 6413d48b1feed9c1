import { createHash } from 'node:crypto'
import * as z from 'zod/mini'
import { dateOf, hasKeys, shaped } from '../../trust/export/shape.ts'
import type { Reader } from '../../trust/reader.ts'
import type { Statement, Way } from '../../trust/statement.ts'
import { boundTo, bySecret, everyScope, further, lasting } from './read-odd.ts'
import { LIFETIME } from './told.ts'

const APP = 'GET /api/v1/apps/ID'
const SERVER = 'GET /api/v1/authorizationServers/ID'
const POLICIES = 'GET /api/v1/authorizationServers/ID/policies'
const RULES = 'GET /api/v1/authorizationServers/ID/policies/ID/rules'

const texts = z.optional(z.nullable(z.array(z.string())))
const dated = { status: z.optional(z.string()), created: z.optional(z.unknown()) }
const included = z.optional(z.looseObject({ include: texts }))

// Okta Management API reference, "Applications", OpenID Connect application.
const app = z.looseObject({
  ...dated,
  credentials: z.looseObject({
    oauthClient: z.looseObject({
      client_id: z.string(),
      token_endpoint_auth_method: z.optional(z.string()),
    }),
  }),
  settings: z.looseObject({
    oauthClient: z.looseObject({
      grant_types: texts,
      dpop_bound_access_tokens: z.optional(z.nullable(z.boolean())),
      jwks: z.optional(
        z.nullable(
          z.looseObject({
            keys: z.array(
              z.looseObject({
                kid: z.optional(z.nullable(z.string())),
                status: z.optional(z.string()),
                use: z.optional(z.string()),
                e: z.optional(z.string()),
                n: z.optional(z.string()),
              }),
            ),
          }),
        ),
      ),
      jwks_uri: z.optional(z.nullable(z.string())),
    }),
  }),
})

// "Authorization Servers", "Authorization Server Policies" and "… Rules".
const server = z.looseObject({ ...dated, id: z.string(), issuer: z.string(), audiences: z.array(z.string()) })
const policy = z.looseObject({
  ...dated,
  name: z.string(),
  conditions: z.looseObject({ clients: included }),
})
const rule = z.looseObject({
  ...dated,
  name: z.string(),
  conditions: z.looseObject({ grantTypes: included, scopes: included }),
  actions: z.optional(
    z.looseObject({
      token: z.optional(z.looseObject({ accessTokenLifetimeMinutes: z.optional(z.number()) })),
    }),
  ),
})

/** What Okta's API answers of an app, its authorization server, and the policies there. */
export const reader: Reader = {
  platform: 'Okta',
  sees: 'subject',
  understands: [APP, SERVER, POLICIES, RULES],
  async read(document) {
    if (!Array.isArray(document)) {
      const one = statementIn(document, [])
      return one && [one]
    }
    const all = document.map((one, at) => statementIn(one, [at]))
    const found = all.filter((one) => one !== undefined)
    return found.length > 0 && found.length === all.length ? found : undefined
  },
  // Of GitHub's tokens nothing is compared there.
  write: () => '',
}

type Path = readonly PropertyKey[]

function statementIn(value: unknown, path: Path): Statement | undefined {
  if (hasKeys(value, 'credentials', 'settings') && hasKeys(value.settings, 'oauthClient'))
    return appStatement(value, path)
  if (hasKeys(value, 'issuer', 'audiences', 'issuerMode')) return serverStatement(value, path)
  if (hasKeys(value, 'type', 'conditions') && value.type === 'OAUTH_AUTHORIZATION_POLICY')
    return policyStatement(value, path)
  if (hasKeys(value, 'type', 'conditions') && value.type === 'RESOURCE_ACCESS')
    return ruleStatement(value, path)
  return undefined
}

function way(name: string, principal: string, path: Path, more: Partial<Way> = {}): Way {
  return { name, issuer: undefined, audiences: [], conditions: [], principal, path, ...more }
}

/** One way in for each key by which the app may say who it is. */
function appStatement(value: unknown, path: Path): Statement {
  const { credentials, settings, status, created } = shaped(app, value, APP)
  const { client_id: id, token_endpoint_auth_method: method = 'client_secret_basic' } =
    credentials.oauthClient
  const { grant_types, dpop_bound_access_tokens: bound, jwks, jwks_uri: elsewhere } = settings.oauthClient
  const types = grant_types ?? []
  const keys = (jwks?.keys ?? []).filter((one) => one.status !== 'INACTIVE' && one.use !== 'enc')
  return {
    platform: reader.platform,
    what: 'app',
    name: id,
    ways: [
      ...keys.map(({ kid }, at) => {
        const before = keys.slice(0, at).some((one) => one.kid === kid)
        const which = before ? 'another key of the name' : 'the key'
        return way(kid ?? 'the key', `whoever signs with ${which} ${kid ?? 'without a name'}`, path)
      }),
      ...(elsewhere ? [way(elsewhere, `whoever signs with a key of ${elsewhere}`, path)] : []),
    ],
    settings: new Map([
      ['client authentication', method],
      ['grant types', types.toSorted().join(', ')],
      ['DPoP', bound ? 'required' : 'off'],
    ]),
    odd: [...bySecret(method), ...boundTo(bound === true), ...further(types)],
    unseen: keys.map(unseenOf),
    ...standingOf(status, created),
  }
}

/** A policy knows the name of a key and who keeps it, and no more: that it is the same one is for people to see. */
function unseenOf({ kid, e, n }: Partial<Record<'kid' | 'e' | 'n', string | null | undefined>>): string {
  const thumbprint =
    n === undefined || e === undefined
      ? 'which was not printed'
      : `with the thumbprint ${createHash('sha256')
          .update(JSON.stringify({ e, kty: 'RSA', n }))
          .digest('base64url')} (RFC 7638)`
  return `whether ${kid ?? 'the key'}, ${thumbprint}, is the public half of the key that the policy names`
}

function serverStatement(value: unknown, path: Path): Statement {
  const { id, issuer, audiences, status, created } = shaped(server, value, SERVER)
  return {
    platform: reader.platform,
    what: 'authorization server',
    name: id,
    ways: [way('its tokens', 'the clients of its policies', path, { audiences })],
    settings: new Map([['issuer', issuer]]),
    ...standingOf(status, created),
  }
}

const EVERY_CLIENT = 'ALL_CLIENTS'

function policyStatement(value: unknown, path: Path): Statement {
  const { name, conditions, status, created } = shaped(policy, value, POLICIES)
  const clients = conditions.clients?.include ?? []
  return {
    platform: reader.platform,
    what: 'access policy',
    name,
    ...(clients.includes(EVERY_CLIENT) ? { concerns: 'all' } : {}),
    ways: clients.map((one) =>
      way(one, one === EVERY_CLIENT ? 'everybody who is a client of the org' : `the client ${one}`, path),
    ),
    ...standingOf(status, created),
  }
}

function ruleStatement(value: unknown, path: Path): Statement {
  const { name, conditions, actions, status, created } = shaped(rule, value, RULES)
  const types = conditions.grantTypes?.include ?? []
  const scopes = conditions.scopes?.include ?? []
  const minutes = actions?.token?.accessTokenLifetimeMinutes ?? LIFETIME
  const by = scopes.includes('*') ? 'pattern' : 'equals'
  return {
    platform: reader.platform,
    what: 'rule of an access policy',
    name,
    // They are printed policy by policy, and each of them gives tokens to its clients.
    concerns: 'all',
    ways: [
      way(name, 'the clients of its policy', path, {
        conditions: [{ claim: 'scope', values: scopes, by }],
      }),
    ],
    settings: new Map([
      ['grant types', types.toSorted().join(', ')],
      ['access token lifetime', `${minutes} min`],
    ]),
    odd: [...everyScope(scopes), ...lasting(minutes)],
    ...standingOf(status, created),
  }
}

function standingOf(status: string | undefined, created: unknown): Pick<Statement, 'madeAt' | 'remarks'> {
  const madeAt = dateOf(created)
  return {
    ...(madeAt && { madeAt }),
    ...(status === undefined || status === 'ACTIVE' ? {} : { remarks: [`It is ${status.toLowerCase()}.`] }),
  }
}
