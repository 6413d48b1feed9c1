import { awsHistory } from './history/aws.ts'
import { bigqueryHistory } from './history/bigquery.ts'
import { snowflakeHistory } from './history/snowflake.ts'

/** Of what, and of whom, the history is asked. */
export interface HistoryRequest {
  readonly since: Date
  readonly until: Date
  /** As whom the runs come: users, service accounts, role ARNs. Empty: everybody who came as a run at least once. */
  readonly identities: readonly string[]
  /** Projects of BigQuery with the location of their jobs. */
  readonly places: readonly { readonly project: string; readonly location: string }[]
}

/** A statement for the console of a vendor, with what it shows. */
export interface HistoryQuery {
  readonly title: string
  readonly notes: readonly string[]
  readonly text: string
}

/** Whose history can be asked: a warehouse, or the cloud by whose role the run came. */
export const HISTORIES = {
  snowflake: snowflakeHistory,
  bigquery: bigqueryHistory,
  aws: awsHistory,
} as const satisfies Readonly<Record<string, (request: HistoryRequest) => readonly HistoryQuery[]>>

export type HistoryName = keyof typeof HISTORIES
