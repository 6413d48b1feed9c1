import type { Table } from './row.ts'

/** Trino, as dbt-trino shows it. */
export const TRINO: readonly Table[] = [
  {
    title: 'Trino',
    connection: 'type: trino\nhost: trino.acme.com\nport: 443\ndatabase: lake\nschema: analytics\n',
    from: 'dbt',
    rows: [
      {
        text: "error 401: b'Invalid Audience: [other]. Allowed audiences: trino'",
        cause: 'takes tokens for the audience `trino`, and this one is for `other`',
        remedy: 'required-audience',
      },
      {
        text: "error 401: b'JWT expired 1234 milliseconds ago at 2026-11-24T12:00:00Z.'",
        cause: 'Trino checks it with every statement',
        remedy: 'a longer one',
      },
      {
        text: "error 401: b'Unauthorized'",
        cause: 'refuses the token of `repo:o/r:environment:production` and does not say why',
        remedy: 'issuer, audience and user mapping',
        shows: ['✓ iss  "https://token.actions.githubusercontent.com"'],
      },
    ],
  },
  {
    title: 'Trino behind Entra',
    connection: 'type: trino\nhost: trino.acme.com\nport: 443\ndatabase: lake\nschema: analytics\n',
    identity:
      'via: entra\ntenant: 72f988bf-86f1-41af-91ab-2d7cd011db47\nclient-id: 8e8a1c2f-5b0e-4f0e-9d44-0f4f2f6f3a10\nscope: api://trino-prod/.default\n',
    from: 'dbt',
    rows: [
      {
        text: "error 401: b'No user mapping patterns match the principal'",
        cause: 'maps no user to the client `8e8a1c2f-5b0e-4f0e-9d44-0f4f2f6f3a10`',
        remedy: 'a rule for exactly this client',
      },
      {
        text: "error 401: b'Invalid Issuer'",
        cause: 'does not take tokens of this issuer of `entra`',
        remedy: '"requestedAccessTokenVersion": 2',
      },
      {
        text: "error 401: b'Unknown signing key ID'",
        cause: 'does not find the key',
        remedy:
          'must be the keys of the provider, `https://login.microsoftonline.com/72f988bf-86f1-41af-91ab-2d7cd011db47/discovery/v2.0/keys`',
      },
    ],
  },
]
