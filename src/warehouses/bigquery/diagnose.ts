import type { Diagnosis } from '../../exchange.ts'
import { datasetOf, projectOf, type Connection } from './connection.ts'

const CAUSES: readonly (readonly [RegExp, (connection: Connection) => Diagnosis])[] = [
  [
    /do not contain the necessary fields need to refresh/,
    () => ({
      problem: 'The access token of this run has expired while dbt was at work.',
      remedy:
        'Set a longer `lifetime` in the identity (up to 43200 s, by organisation policy), or a `service-account` if there is none: without one a token lives about five minutes.',
    }),
  ],
  [
    /bigquery\.jobs\.create/,
    (c) => ({
      problem: `The identity may not run jobs in ${c.execution_project ?? projectOf(c)}.`,
      remedy: 'Give it roles/bigquery.jobUser there; `dbt-oidc trust` prints the command.',
    }),
  ],
  [
    /bigquery\.datasets\.(?:create|get)|bigquery\.tables\./,
    (c) => ({
      problem: `The identity may not do this in ${projectOf(c)}.${datasetOf(c)}.`,
      remedy: 'Give it roles/bigquery.dataEditor on the dataset; `dbt-oidc trust` prints the statement.',
    }),
  ],
  [
    /'NoneType' object has no attribute 'close'/,
    () => ({
      problem: 'dbt-bigquery could not open a connection, and hides why.',
      remedy: 'Run `dbt debug` as a line of `run`; it prints the error itself.',
    }),
  ],
]

/** What an error of BigQuery or of dbt-bigquery means; undefined where the text is not known. */
export function diagnose(error: string, connection: Connection): Diagnosis | undefined {
  return CAUSES.find(([text]) => text.test(error))?.[1](connection)
}
