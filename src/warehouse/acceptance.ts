import type { Kind } from '../credential.ts'
import type { Want } from '../exchange.ts'

/** How a credential is kept fresh while dbt runs, as plain data: the means differ, the promise does not. */
export type KeepAlive =
  | { readonly by: 'static' } // what dbt has read at start is what it has; the expiry is printed
  | { readonly by: 'token-url' } // the driver asks the broker for an ID token (google-auth, dbt-fabric)
  | { readonly by: 'aws-container'; readonly file: string } // the AWS SDK asks the broker for role credentials; else by this file
  | { readonly by: 'token-endpoint'; readonly field: string } // dbt-redshift posts to the broker at each connect
  | { readonly by: 'file'; readonly name: string } // a file that is rewritten atomically
  | {
      readonly by: 'plugin-field' // our dbt plugin answers for the field
      readonly credentials: string
      readonly field: string
      /** A property of the same class that gives a function which gives headers, once and for all unless the plugin answers for it, too. */
      readonly headers?: string
    }
  | { readonly by: 'login-proxy' } // a loopback proxy puts a fresh token into each login

/** The agreement of a warehouse with one exchange. `C` is the parsed connection. */
export interface Acceptance<C> {
  readonly kind: Kind
  /** Who trades: the action before dbt starts, or the driver whenever it connects. The audit line says which. */
  readonly trades: 'action' | 'driver'
  readonly keepAlive: KeepAlive
  /** What becomes of a run of dbt 2.x that outlives its credential, where that is not what `keepAlive` would mean there. */
  readonly dbt2?: string
  /** The warehouse itself trades, so that its trust is the whole trust, and the exchange's own documents are nobody's. */
  readonly wholeTrust?: true
  /** The other side's list of audiences belongs to the target alone: without being told, its tokens have one of their own. */
  readonly ownAudience?: true
  want(connection: C): Want
  /** Where the driver logs in, as an origin, if our login proxy can stand between; absent where it cannot. */
  readonly loginOrigin?: (connection: C) => string
  /** Settings of the exchange that the connection already implies. */
  readonly defaults?: (connection: C) => Readonly<Record<string, unknown>>
  /** What of the connection does not go together with this exchange; found before anything is asked of the network. */
  readonly faults?: (connection: C) => readonly Fault[]
}

/** What can be said of an acceptance without a connection. */
export type Acceptable = Pick<
  Acceptance<never>,
  'kind' | 'trades' | 'keepAlive' | 'dbt2' | 'wholeTrust' | 'ownAudience'
>

/** Something that a connection must not say. */
export interface Fault {
  readonly field: string
  /** What is wrong and what to do, without the value. */
  readonly problem: string
}
