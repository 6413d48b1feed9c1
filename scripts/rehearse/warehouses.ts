import { startBigQuery, statementsOf } from '../../__tests__/support/google/bigquery.ts'
import { standInForGoogle } from '../../__tests__/support/google/cloud.ts'
import { readGcloud } from '../../__tests__/support/google/gcloud.ts'
import type { Issuer } from '../../__tests__/support/issuer.ts'
import { startSnowflake } from '../../__tests__/support/snowflake/front.ts'
import { accountOf, checkStatements } from '../../__tests__/support/snowflake/trust.ts'
import { documentsIn, localised, readBy, refuse, type Document } from './given.ts'
import { redshift } from './redshift.ts'

/** A warehouse on this machine that lets in whom the trust names, and nobody else. */
export interface StandIn extends AsyncDisposable {
  /** What the connection needs in order to find it. */
  readonly connection: Readonly<Record<string, unknown>>
  /** What the step needs for that, beyond its connection. */
  readonly env?: Readonly<Record<string, string>>
  /** Who was let in and who was not, in sentences. */
  told(): readonly string[]
}

/** What a stand-in is made of. */
export interface Making {
  readonly issuer: Issuer
  /** The directory that `trust --out` has written. */
  readonly trust: string
  /** As the user has written it. */
  readonly connection: Readonly<Record<string, unknown>>
}

/** Starts what has been read, with a Python of its environment. */
export type Start = (python: string) => Promise<StandIn>

/** The stand-ins by the `type` of a connection, with the Python environment that each needs; what cannot be read is told first. */
export const STAND_INS: Readonly<
  Record<string, { readonly environment: 'dbt' | 'servers'; readonly read: (making: Making) => Start }>
> = {
  snowflake: { environment: 'dbt', read: snowflake },
  bigquery: { environment: 'servers', read: bigquery },
  redshift: { environment: 'servers', read: redshift },
}

function snowflake({ issuer, trust }: Making): Start {
  const documents = localised(documentsIn(trust, ['.sql']), issuer)
  for (const document of documents) readBy('Snowflake', document, checkStatements)
  const account = readBy('Snowflake', { path: trust, text: textsOf(documents).join('\n;\n') }, accountOf)
  if (account.users.length === 0)
    refuse(
      `No document of ${trust} creates a service user, so Snowflake would let nobody in.`,
      'Put CREATE USER … WORKLOAD_IDENTITY back, or write the documents anew.',
    )
  return async (python) => {
    const front = await startSnowflake({ ...account, python })
    return {
      connection: { host: '127.0.0.1', port: front.port, protocol: 'http' },
      told: () => [
        ...front.logins.map(({ user, role }) => `Snowflake let ${user} in as ${role}.`),
        ...front.refusals.map(
          ({ code, reason, detail }) => `Snowflake refused a login: ${code}, ${reason} (${detail}).`,
        ),
      ],
      [Symbol.asyncDispose]: () => front[Symbol.asyncDispose](),
    }
  }
}

function bigquery({ issuer, trust }: Making): Start {
  const all = localised(documentsIn(trust, ['.sh', '.sql']), issuer)
  const [commands, statements] = ['.sh', '.sql'].map((end) => all.filter(({ path }) => path.endsWith(end)))
  for (const document of commands ?? []) readBy('Google Cloud', document, readGcloud)
  for (const document of statements ?? []) readBy('BigQuery', document, statementsOf)
  return async (python) => {
    const google = standInForGoogle(issuer, textsOf(commands ?? []))
    const front = await startBigQuery({ issuer, google, sql: textsOf(statements ?? []), python })
    return {
      connection: { api_endpoint: front.endpoint },
      told: () => [
        ...google.seen.map(({ host, status }) => `Google's ${host} answered ${status}.`),
        `BigQuery answered ${front.calls.length} calls.`,
      ],
      [Symbol.asyncDispose]: () => front[Symbol.asyncDispose](),
    }
  }
}

function textsOf(documents: readonly Document[]): readonly string[] {
  return documents.map(({ text }) => text)
}
