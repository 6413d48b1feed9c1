import type { Claims } from '../../claims.ts'
import type { Diagnosis } from '../../exchange.ts'
import type { Settings } from './settings.ts'

type Row = readonly [text: RegExp, explain: (claims: Claims, settings: Settings) => Diagnosis]

/** Texts of Keycloak 26, then the codes of RFC 6749 5.2 and RFC 8693 2.2.2, which say less. */
const ROWS: readonly Row[] = [
  [
    /Token reuse detected/i,
    () => ({
      problem: 'The authorization server has seen this ID token before.',
      remedy:
        'Each request sends a token of its own; look for another step of the job that sends the same one.',
    }),
  ],
  [
    /Invalid token audience/i,
    (claims) => ({
      problem: `The authorization server is not the audience of the ID token (the deciding one has \`${claims.aud}\`).`,
      remedy:
        'Set `audience:` of the target to what the server calls itself: for Keycloak the URL of the realm, or of its token endpoint (the default here).',
    }),
  ],
  [
    /Token is not active|token (is |has )?expired/i,
    () => ({
      problem: 'The authorization server says that the ID token is not valid now.',
      remedy:
        "Check the clocks of runner and server; GitHub's token lives five minutes and a fresh one was sent.",
    }),
  ],
  [
    /token type not supported/i,
    () => ({
      problem:
        "The authorization server exchanges no token like GitHub's (Keycloak wants a `typ` claim in it).",
      remedy: 'Use `grant: jwt-bearer` or `grant: client-credentials`.',
    }),
  ],
  [
    /Client not allowed to exchange/i,
    () => ({
      problem: 'The client may not exchange tokens of this issuer.',
      remedy: 'Give it the permission there, or use `grant: jwt-bearer` or `grant: client-credentials`.',
    }),
  ],
  [
    /User not found/i,
    (claims) => ({
      problem: `No user of the authorization server is linked with the subject \`${claims.sub}\`.`,
      remedy: 'Link exactly this subject with a user there; `trust` prints what to enter.',
    }),
  ],
  [
    /Invalid client or Invalid client credentials|Client authentication with .* failed/i,
    (claims) => ({
      problem: `No client of the authorization server is bound to the subject \`${claims.sub}\` of the issuer \`${claims.iss}\`, or the signature does not hold.`,
      remedy:
        'Compare subject and issuer, letter by letter, with what stands there; `trust` prints what to enter.',
    }),
  ],
  [
    /\bunauthorized_client\b/,
    () => ({
      problem: 'The authorization server does not let this client use the grant, or does not know who it is.',
      remedy: 'Allow the grant for the client there; set `client-id` and `client-authentication: assertion`.',
    }),
  ],
  [
    /\binvalid_client\b/,
    (claims, s) => ({
      problem: `The authorization server does not take GitHub's token for the client's own assertion (iss \`${claims.iss}\`, sub \`${claims.sub}\`, for \`${s['token-url']}\`).`,
      remedy:
        "The server must trust the issuer GitHub for this client. Okta does not: it wants an assertion that the app has signed with its own key (iss = sub = client id), which GitHub's token can never be; let a cloud hold that key, or take an exchange that trusts GitHub.",
    }),
  ],
  [
    /\binvalid_scope\b/,
    (_claims, s) => ({
      problem: `${s['token-url']} does not give the scope${s.scope === undefined ? '' : ` \`${s.scope}\``} to this client.`,
      remedy:
        'Compare `scope:` with what is defined there and what the client may have; an Okta server knows its own scopes only, and the address names the server.',
    }),
  ],
  [
    /\baccess_denied\b/,
    (_claims, s) => ({
      problem: `No access policy of ${s['token-url']} lets this client have the scope${s.scope === undefined ? '' : ` \`${s.scope}\``}.`,
      remedy: 'Add a rule for this client, grant type and scope to the access policy of that server.',
    }),
  ],
  [
    /\binvalid_target\b/,
    () => ({
      problem: 'The authorization server issues no token for this `resource` or audience (RFC 8693 2.2.2).',
      remedy: 'Compare `resource` and `parameters` with what is registered there.',
    }),
  ],
]

/** What the words of an authorization server mean for this run. */
export function diagnose(error: string, settings: Settings, claims: Claims): Diagnosis | undefined {
  // Databricks is warehouse and server in one, and as the warehouse it knows more of its clients.
  if (DATABRICKS.test(settings['token-url']) && /\binvalid_client\b/.test(error)) return undefined
  return ROWS.find(([text]) => text.test(error))?.[1](claims, settings)
}

const DATABRICKS = /\/oidc\/(?:accounts\/[^/]+\/)?v1\/token$/

/** As Keycloak 26 and RFC 6749 write them. */
export const ERRORS = [
  'Token reuse detected',
  'Invalid token audience',
  'Token is not active',
  'token type not supported',
  'Client not allowed to exchange',
  'User not found',
  'Invalid client or Invalid client credentials',
  'unauthorized_client',
  'invalid_client',
  'invalid_scope',
  'access_denied',
  'invalid_target',
] as const
