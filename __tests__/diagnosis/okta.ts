import type { Table } from './row.ts'

const KEY = 'arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab'

/** Okta, by an assertion that a key of AWS KMS has signed. */
export const OKTA: readonly Table[] = [
  {
    title: 'Okta by a key of its own',
    connection:
      'type: snowflake\naccount: acme-prod\nuser: DBT_PROD\nrole: TRANSFORMER\nwarehouse: XS\ndatabase: PROD\nschema: S\n',
    identity: `via: okta\nurl: https://acme.okta.com/oauth2/aus1\nclient-id: 0oa1\nkey-id: dbt-2026\nscope: session:role:TRANSFORMER\nsigner: { key: "${KEY}", aws: { role: "arn:aws:iam::123456789012:role/dbt" } }\n`,
    from: 'exchange',
    rows: [
      {
        text: 'Okta refused the request: invalid_client (status 401). The audience claim for client_assertion must be the endpoint invoked for the request.',
        cause: 'is for another endpoint than `https://acme.okta.com/oauth2/aus1/v1/token`',
        remedy: 'Write as `url` the issuer',
      },
      {
        text: 'Okta refused the request: invalid_client (status 401). The client_assertion JWT kid is invalid.',
        cause: 'The app `0oa1` has no key with the `kid` `dbt-2026`',
        remedy: 'Write as `key-id`',
      },
      {
        text: 'Okta refused the request: invalid_client (status 401). The client_assertion signature is invalid.',
        cause: `The active key of the app \`0oa1\` is not the public half of \`${KEY}\``,
        remedy: 'Register the public half',
      },
      {
        text: 'Okta refused the request: invalid_client (status 401). The client_assertion token is expired.',
        cause: 'The clock of the runner and that of Okta differ',
        remedy: 'NTP',
      },
      {
        text: 'Okta refused the request: invalid_client (status 401). The client_assertion token has an expiration too far into the future.',
        cause: 'The clock of the runner and that of Okta differ',
        remedy: 'NTP',
      },
      {
        text: "Okta refused the request: invalid_client (status 401). Invalid value for 'client_id' parameter.",
        cause: 'Okta has no active app with the client id `0oa1`',
        remedy: 'Correct `client-id`',
      },
      {
        text: 'Okta refused the request: invalid_client (status 401).',
        cause: 'Okta does not take the assertion of the app `0oa1`',
        remedy: 'A token of GitHub can never be that assertion',
      },
      {
        text: 'Okta refused the request: unauthorized_client (status 400). The client is not authorized to use the provided grant type. Configured grant types: [authorization_code, refresh_token].',
        cause: 'may not ask for tokens by client credentials',
        remedy: 'API Services',
      },
      {
        text: 'Okta refused the request: invalid_dpop_proof (status 400). The DPoP proof JWT header is missing.',
        cause: 'binds its tokens to a key of the client (DPoP)',
        remedy: 'Switch off',
      },
      {
        text: 'Okta refused the request: invalid_scope (status 400). One or more scopes are not configured for the authorization server resource.',
        cause:
          'The authorization server https://acme.okta.com/oauth2/aus1 does not know the scope `session:role:TRANSFORMER`',
        remedy: 'each authorization server has scopes of its own',
      },
      {
        text: 'Okta refused the request: access_denied (status 400). Policy evaluation failed for this request, please check the policy configurations.',
        cause: 'No access policy of https://acme.okta.com/oauth2/aus1 lets this app',
        remedy: 'Add a rule',
      },
      {
        text: 'Okta refused the request: E0000007 (status 404). Not found: Resource not found: aus1 (AuthorizationServer)',
        cause: 'Okta has no authorization server at https://acme.okta.com/oauth2/aus1',
        remedy: 'an active custom authorization server',
      },
      {
        text: `AWS KMS refused to sign with ${KEY}: AccessDeniedException: not authorized to perform: kms:Sign on resource`,
        cause: 'The role arn:aws:iam::123456789012:role/dbt may not sign with',
        remedy: 'Allow it `kms:Sign`',
      },
      {
        text: `AWS KMS refused to sign with ${KEY}: InvalidSignatureException: Signature expired: 20261130T114451Z is now earlier than 20261130T115500Z (20261130T120000Z - 5 min.)`,
        cause: 'The clock of the runner and that of AWS differ',
        remedy: 'by NTP',
      },
    ],
  },
]
