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
]
