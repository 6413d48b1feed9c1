import { LIFETIME, type Told } from './told.ts'

/** As Okta's API answers for app, server, policy and rule afterwards. */
export function printed({ app, keyId, server, issuer, audience, policy, scope }: Told): unknown {
  return [
    {
      status: 'ACTIVE',
      credentials: { oauthClient: { client_id: app, token_endpoint_auth_method: 'private_key_jwt' } },
      settings: {
        oauthClient: {
          grant_types: ['client_credentials'],
          dpop_bound_access_tokens: false,
          jwks: { keys: [{ kid: keyId, status: 'ACTIVE' }] },
        },
      },
    },
    { id: server, issuer, issuerMode: 'ORG_URL', audiences: audience === undefined ? [] : [audience] },
    policyOf(policy, app),
    ruleOf(policy, scope),
  ]
}

/** An access policy for one client. */
export function policyOf(name: string, app: string) {
  return {
    type: 'OAUTH_AUTHORIZATION_POLICY',
    status: 'ACTIVE',
    name,
    description: name,
    priority: 1,
    conditions: { clients: { include: [app] } },
  }
}

/** Its one rule. */
export function ruleOf(name: string, scope: string | undefined) {
  return {
    type: 'RESOURCE_ACCESS',
    status: 'ACTIVE',
    name,
    priority: 1,
    conditions: {
      people: { groups: { include: ['EVERYONE'] } },
      grantTypes: { include: ['client_credentials'] },
      scopes: { include: scope === undefined ? [] : [scope] },
    },
    actions: { token: { accessTokenLifetimeMinutes: LIFETIME } },
  }
}
