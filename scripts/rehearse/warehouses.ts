import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { startBigQuery } from '../../__tests__/support/google/bigquery.ts'
import { standInForGoogle } from '../../__tests__/support/google/cloud.ts'
import type { Issuer } from '../../__tests__/support/issuer.ts'
import { startSnowflake } from '../../__tests__/support/snowflake/front.ts'
import { usersOf } from '../../__tests__/support/snowflake/trust.ts'

/** A warehouse on this machine that lets in whom the trust names, and nobody else. */
export interface StandIn extends AsyncDisposable {
  /** What the connection needs in order to find it. */
  readonly connection: Readonly<Record<string, unknown>>
  /** Who was let in and who was not, in sentences. */
  told(): readonly string[]
}

/** What a stand-in is made of. */
export interface Making {
  readonly issuer: Issuer
  /** The directory that `trust --out` has written. */
  readonly trust: string
  readonly python: string
}

const GITHUB = 'https://token.actions.githubusercontent.com'

/** The stand-ins by the `type` of a connection, with the Python environment that each needs. */
export const STAND_INS: Readonly<
  Record<
    string,
    { readonly environment: 'dbt' | 'servers'; readonly start: (making: Making) => Promise<StandIn> }
  >
> = {
  snowflake: { environment: 'dbt', start: snowflake },
  bigquery: { environment: 'servers', start: bigquery },
}

async function snowflake({ issuer, trust, python }: Making): Promise<StandIn> {
  const users = usersOf(documents(trust, '.sql', issuer).join('\n'))
  const front = await startSnowflake({ users, python })
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

async function bigquery({ issuer, trust, python }: Making): Promise<StandIn> {
  const google = standInForGoogle(issuer, documents(trust, '.sh', issuer))
  const front = await startBigQuery({ issuer, google, sql: documents(trust, '.sql', issuer), python })
  return {
    connection: { api_endpoint: front.endpoint },
    told: () => [
      ...google.seen.map(({ host, status }) => `Google's ${host} answered ${status}.`),
      `BigQuery answered ${front.calls.length} calls.`,
    ],
    [Symbol.asyncDispose]: () => front[Symbol.asyncDispose](),
  }
}

/** The documents of one language; GitHub is this machine in a rehearsal, so its issuer is the local one. */
function documents(directory: string, ending: string, issuer: Issuer): readonly string[] {
  return readdirSync(directory)
    .filter((name) => name.endsWith(ending))
    .toSorted()
    .map((name) => readFileSync(join(directory, name), 'utf8').replaceAll(GITHUB, issuer.issuer))
}
