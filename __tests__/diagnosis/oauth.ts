import type { Table } from './row.ts'

const CONNECTION = 'type: trino\nhost: trino.acme.com\nport: 443\ndatabase: lake\nschema: analytics\n'
const OKTA = 'https://acme.okta.com/oauth2/aus1/v1/token'
const KEYCLOAK = 'https://keycloak.acme.com/realms/acme/protocol/openid-connect/token'

/** Authorization servers: Okta and Keycloak. */
export const OAUTH: readonly Table[] = [
  {
    title: 'Okta',
    connection: CONNECTION,
    identity: `via: oauth\ntoken-url: ${OKTA}\ngrant: client-credentials\nclient-id: 0oa1\nscope: warehouse\n`,
    from: 'exchange',
    rows: [
      {
        text: 'acme.okta.com refused the request: invalid_client (status 401).',
        cause: `for the client's own assertion (iss \`https://token.actions.githubusercontent.com\`, sub \`repo:o/r:environment:production\`, for \`${OKTA}\`)`,
        remedy: 'signed with its own key (iss = sub = client id)',
      },
      {
        text: 'acme.okta.com refused the request: invalid_scope (status 400).',
        cause: `${OKTA} does not give the scope \`warehouse\``,
        remedy: 'knows its own scopes only, and the address names the server',
      },
      {
        text: 'acme.okta.com refused the request: access_denied (status 400).',
        cause: `No access policy of ${OKTA} lets this client have the scope \`warehouse\``,
        remedy: 'Add a rule',
      },
    ],
  },
  {
    title: 'Keycloak',
    connection: CONNECTION,
    identity: `via: oauth\ntoken-url: ${KEYCLOAK}\ngrant: client-credentials\nclient-id: dbt\n`,
    from: 'exchange',
    rows: [
      {
        text: 'invalid_client: Token reuse detected',
        cause: 'has seen this ID token before',
        remedy: 'Each request sends a token of its own',
      },
      {
        text: 'invalid_client: Invalid token audience',
        cause: 'is not the audience of the ID token',
        remedy: 'URL of the realm',
      },
      {
        text: 'invalid_client: Token is not active',
        cause: 'not valid now',
        remedy: 'clocks of runner and server',
      },
      {
        text: 'invalid_token: token type not supported',
        cause: "no token like GitHub's (Keycloak wants a `typ` claim in it)",
        remedy: '`grant: jwt-bearer` or `grant: client-credentials`',
      },
      {
        text: 'invalid_grant: User not found',
        cause: 'linked with the subject `repo:o/r:environment:production`',
        remedy: 'Link exactly this subject',
      },
      {
        text: 'access_denied: Client not allowed to exchange',
        cause: 'may not exchange tokens of this issuer',
        remedy: 'Give it the permission there',
      },
    ],
  },
]
