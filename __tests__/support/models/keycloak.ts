// Keycloak 26, as a partial import sets it up; ../../servers/keycloak.spec.ts holds the same against Keycloak itself:
// https://www.keycloak.org/docs/latest/server_admin/ ("Federated client authentication", client authenticator federated-jwt): the
//   client is the one whose `jwt.credential.sub` is the assertion's `sub`, where its `jwt.credential.issuer` names the identity
//   provider of the assertion's issuer; the audience is the realm's issuer or token endpoint.
// https://www.keycloak.org/securing-apps/jwt-authorization-grant: the user is the one with a link to that provider whose id is `sub`,
//   and the client allows the grant for the provider.
import * as z from 'zod/mini'
import { textsOf, type Accepts, type Pasted, type Presented } from './presented.ts'

const Import = z.object({
  identityProviders: z.array(
    z.object({ alias: z.string(), enabled: z.boolean(), config: z.record(z.string(), z.string()) }),
  ),
  clients: z.array(
    z.object({
      clientId: z.string(),
      enabled: z.boolean(),
      serviceAccountsEnabled: z.boolean(),
      clientAuthenticatorType: z.optional(z.string()),
      attributes: z.record(z.string(), z.string()),
    }),
  ),
  users: z.array(
    z.object({
      enabled: z.boolean(),
      federatedIdentities: z.optional(
        z.array(z.object({ identityProvider: z.string(), userId: z.string() })),
      ),
    }),
  ),
})

type Realm = z.infer<typeof Import>

/** Lets in whoever is the client, or the linked user, of the import; the realm tells its own `audience`, and not the import. */
export function keycloak(documents: readonly Pasted[], audience: string): Accepts {
  const realms = textsOf(documents, 'json')
    .filter((text) => text.includes('"identityProviders"'))
    .map((text) => Import.parse(JSON.parse(text)))
  if (realms.length === 0) throw new Error('there is no import for Keycloak')
  return (claims) => claims.aud === audience && realms.some((realm) => admits(realm, claims))
}

function admits({ identityProviders, clients, users }: Realm, { iss, sub }: Presented): boolean {
  const provider = identityProviders.find((one) => one.enabled && one.config.issuer === iss)
  if (provider?.config.validateSignature !== 'true') return false
  return clients.some(({ enabled, serviceAccountsEnabled, clientAuthenticatorType: kind, attributes }) => {
    const asserted =
      kind === 'federated-jwt' &&
      provider.config.supportsClientAssertions === 'true' &&
      attributes['jwt.credential.issuer'] === provider.alias &&
      attributes['jwt.credential.sub'] === sub
    if (!enabled || (kind !== undefined && !asserted)) return false
    if (serviceAccountsEnabled) return asserted
    return (
      attributes['oauth2.jwt.authorization.grant.enabled'] === 'true' &&
      attributes['oauth2.jwt.authorization.grant.idp'] === provider.alias &&
      users.some(
        (user) =>
          user.enabled &&
          (user.federatedIdentities ?? []).some(
            (link) => link.identityProvider === provider.alias && link.userId === sub,
          ),
      )
    )
  })
}
