import type { Claims } from '../../claims.ts'
import type { Diagnosis } from '../../exchange.ts'
import type { TrustRequest } from '../../trust.ts'
import { datasetOf, projectOf, type Connection } from './connection.ts'

type Explain = (connection: Connection, request: TrustRequest | undefined) => Diagnosis

const CAUSES: readonly (readonly [string, Explain])[] = [
  [
    'do not contain the necessary fields need to refresh',
    () => ({
      problem: 'The access token of this run has expired while dbt was at work.',
      remedy:
        'Set a longer `lifetime` in the identity (up to 43200 s, by organisation policy), or a `service-account` if there is none: without one a token lives about five minutes.',
    }),
  ],
  [
    'User does not have bigquery.jobs.create permission',
    (c) => ({
      problem: `The identity may not run jobs in ${c.execution_project ?? projectOf(c)}.`,
      remedy: 'Give it roles/bigquery.jobUser there; `dbt-oidc trust` prints the command.',
    }),
  ],
  ['User does not have bigquery.datasets.create permission', mayNot],
  ['User does not have bigquery.datasets.get permission', mayNot],
  ['Permission bigquery.tables.', mayNot],
  [
    "'NoneType' object has no attribute 'close'",
    () => ({
      problem: 'dbt-bigquery could not open a connection, and hides why.',
      remedy:
        'Run `dbt debug` as a line of `run`; it prints the error itself. Often it is a field of the output that goes with another way to log in, such as `token_endpoint`.',
    }),
  ],
  [
    "Unable to generate access token, if you're using impersonate_service_account",
    (c, request) => ({
      problem: `The identity may not act as ${c.impersonate_service_account ?? 'the account of `impersonate_service_account`'}.`,
      remedy: `Give ${request?.identity ?? 'it'} roles/iam.serviceAccountTokenCreator on that account, or name the account as \`service-account\` under \`identity:\` and leave \`impersonate_service_account\` out.`,
    }),
  ],
  [
    'Executables need to be explicitly allowed',
    () => ({
      problem:
        'google-auth was pointed at a credentials file that starts a program, which it does only where GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES is 1.',
      remedy:
        'Take that file out of the profile and of `env:`; this action writes one that asks a URL and starts nothing.',
    }),
  ],
]

/** The texts that are known, as BigQuery and dbt-bigquery write them. */
export const ERRORS: readonly string[] = CAUSES.map(([text]) => text)

/** What an error of BigQuery or of dbt-bigquery means; undefined where the text is not known. */
export function diagnose(
  error: string,
  connection: Connection,
  _claims: Claims,
  request: TrustRequest | undefined,
): Diagnosis | undefined {
  return CAUSES.find(([text]) => error.includes(text))?.[1](connection, request)
}

function mayNot(c: Connection): Diagnosis {
  return {
    problem: `The identity may not do this in ${projectOf(c)}.${datasetOf(c)}.`,
    remedy: 'Give it roles/bigquery.dataEditor on the dataset; `dbt-oidc trust` prints the statement.',
  }
}
