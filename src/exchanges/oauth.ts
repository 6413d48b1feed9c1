import type { Mint } from '../claims.ts'
import { exchange, type Io, type Want } from '../exchange.ts'
import { patiently, retry } from '../retry.ts'
import { clientParameters, tokenParameters } from './oauth/body.ts'
import { diagnose, ERRORS } from './oauth/diagnosis.ts'
import { clientIsAsserted, settings, type Settings } from './oauth/settings.ts'
import { askForToken, askToRevoke } from './oauth/token-endpoint.ts'

/** Any authorization server: RFC 8693 token exchange, RFC 7523 jwt-bearer, or client credentials with an assertion. */
export default exchange<Settings>({
  name: 'oauth',
  summary: 'an access token of any authorization server (RFC 8693, RFC 7523)',
  settings,
  audience: audienceOf,
  async trade(s, want, mint, io) {
    const attempt = async (left: number) => {
      const tokens = await tokensFor(s, want, mint)
      const ask = {
        url: io.at(s['token-url']),
        who: hostOf(s['token-url']),
        parameters: tokenParameters({ ...s, scope: s.scope ?? want.scope }, tokens),
        secrets: [tokens.subject, tokens.client].filter((one) => one !== undefined),
      }
      return askForToken(ask, io, left)
    }
    return retry(attempt, patiently(io))
  },
  revoke: (s, credential, io, fresh) =>
    credential.kind === 'bearer' ? revoke(s, credential.token, io, fresh) : Promise.resolve(),
  identity: (s, _want, claims) => s['client-id'] ?? claims.sub,
  diagnose,
  errors: ERRORS,
  trust: async (s, want, request) => (await import('./oauth/trust.ts')).serverSettings(s, want, request),
  terraform: async (s, want, request) =>
    (await import('./oauth/terraform.ts')).serverResources(s, want, request),
  hosts: (s) => [...new Set([s['token-url'], s['revocation-url'] ?? s['token-url']].map(hostOf))],
  proof: 'third-party server',
  example: {
    'token-url': 'https://login.acme.example/realms/dbt/protocol/openid-connect/token',
    grant: 'client-credentials',
    'client-id': 'dbt-prod',
    'revocation-url': 'https://login.acme.example/realms/dbt/protocol/openid-connect/revoke',
  },
})

/**
 * RFC 7523 3: the URL of the token endpoint may name the server as the audience of an assertion. Keycloak takes its issuer
 * only, the URL of the realm.
 */
function audienceOf(s: Settings, want: Want): string {
  const realm = /^(.+\/realms\/[^/]+)\/protocol\/openid-connect\/token$/.exec(s['token-url'])?.[1]
  return want.audience ?? realm ?? s['token-url']
}

/** A server that has seen a `jti` refuses it (RFC 7523 3 item 7), so each place gets a token of its own. */
async function tokensFor(
  s: Settings,
  want: Want,
  mint: Mint,
): Promise<{ readonly subject: string | undefined; readonly client: string | undefined }> {
  const fresh = async (): Promise<string> => (await mint(audienceOf(s, want))).text
  return {
    subject: s.grant === 'client-credentials' ? undefined : await fresh(),
    client: clientIsAsserted(s) ? await fresh() : undefined,
  }
}

async function revoke(
  s: Settings,
  token: string,
  io: Io,
  fresh: () => Promise<{ readonly text: string }>,
): Promise<void> {
  const url = s['revocation-url']
  if (url === undefined) return
  const client = clientIsAsserted(s) ? (await fresh()).text : undefined
  const parameters = [
    ['token', token],
    ['token_type_hint', 'access_token'],
    ...clientParameters(s, client),
  ] as const
  const secrets = client === undefined ? [token] : [token, client]
  await askToRevoke({ url, who: hostOf(url), parameters, secrets }, io)
}

function hostOf(url: string): string {
  return new URL(url).host
}
