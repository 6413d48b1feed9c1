import type { Claims } from '../../claims.ts'
import type { Diagnosis } from '../../exchange.ts'

type Row = readonly [text: RegExp, explain: (claims: Claims) => Diagnosis]

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
    /\binvalid_scope\b/,
    () => ({
      problem: 'The authorization server does not give the scope to this client.',
      remedy: 'Compare `scope:` with what the client may have there.',
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
export function diagnose(error: string, claims: Claims): Diagnosis | undefined {
  return ROWS.find(([text]) => text.test(error))?.[1](claims)
}

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
  'invalid_scope',
  'invalid_target',
] as const
