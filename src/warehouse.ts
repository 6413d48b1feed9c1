import type * as z from 'zod/mini'
import type { Claims } from './claims.ts'
import type { Credential, Kind } from './credential.ts'
import type { Diagnosis, Io, Proof, Want } from './exchange.ts'
import type { Value } from './profile.ts'
import type { TrustDocument, TrustRequest } from './trust.ts'

/** How a credential is kept fresh while dbt runs, as plain data: the means differ, the promise does not. */
export type KeepAlive =
  | { readonly by: 'static' } // what dbt has read at start is what it has; the expiry is printed
  | { readonly by: 'token-url' } // the driver asks the broker for an ID token (google-auth, dbt-fabric)
  | { readonly by: 'aws-container' } // the AWS SDK asks the broker for role credentials
  | { readonly by: 'token-endpoint'; readonly field: string } // dbt-redshift posts to the broker at each connect
  | { readonly by: 'file'; readonly name: string } // a file that is rewritten atomically
  | { readonly by: 'plugin-field'; readonly credentials: string; readonly field: string } // our dbt plugin answers for the field
  | { readonly by: 'login-proxy' } // a loopback proxy puts a fresh token into each login

/** The agreement of a warehouse with one exchange. `C` is the parsed connection. */
export interface Acceptance<C> {
  readonly kind: Kind
  /** Who trades: the action before dbt starts, or the driver whenever it connects. The audit line says which. */
  readonly trades: 'action' | 'driver'
  readonly keepAlive: KeepAlive
  /** The warehouse itself trades, so that its trust is the whole trust, and the exchange's own documents are nobody's. */
  readonly wholeTrust?: true
  want(connection: C): Want
  /** Where the driver logs in, as an origin, if our login proxy can stand between; absent where it cannot. */
  readonly loginOrigin?: (connection: C) => string
  /** Settings of the exchange that the connection already implies. */
  readonly defaults?: (connection: C) => Readonly<Record<string, unknown>>
  /** What of the connection does not go together with this exchange; found before anything is asked of the network. */
  readonly faults?: (connection: C) => readonly Fault[]
}

/** What `carry` has to work with. */
export interface Source<C> {
  readonly connection: C
  readonly credential: Credential
  /** Absolute path of the private directory; files of `Carried` are written there. */
  readonly directory: string
}

/** How a credential becomes part of a dbt output. */
export interface Carried {
  /** Fields to set in the output, over what the connection says. */
  readonly fields: Readonly<Record<string, Value>>
  /** Secrets by short name; a field refers to one with `secret('TOKEN')`. */
  readonly secrets: Readonly<Record<string, string>>
  /** Further private files (0600) by name. */
  readonly files: Readonly<Record<string, string>>
  /** Variables for dbt without secrets: paths, regions. */
  readonly env: Readonly<Record<string, string>>
}

/** The run as the warehouse's own history should show it. */
export interface Attribution {
  readonly repository: string
  readonly ref: string
  readonly sha: string
  readonly workflow: string
  readonly run: string
  readonly attempt: string
  readonly actor: string
  readonly grant: string
  readonly target: string
}

/** Versions of a Python package that are known not to work, e.g. below 1.12.0. */
export interface KnownBad {
  /** First version that works. */
  readonly below: string
  /** With these exchanges only; all when absent. */
  readonly via?: readonly string[]
  readonly reason: string
}

/** Something that a connection must not say. */
export interface Fault {
  readonly field: string
  /** What is wrong and what to do, without the value. */
  readonly problem: string
}

/** One thing that a target says of itself, beside what the warehouse says of the login. */
export interface Finding {
  /** `account`, `user`, `role`, `database` ... */
  readonly what: string
  /** Undefined: the target leaves it to the warehouse. */
  readonly expected: string | undefined
  /** Undefined: the warehouse does not tell. */
  readonly actual: string | undefined
}

/** A cheap login before dbt starts; undefined where there is nobody to ask. Throws `exchange` where it is refused. */
export type Preflight<C> = (
  source: Source<C>,
  tools: PreflightTools,
) => Promise<readonly Finding[] | undefined>

/** What a preflight may use: the way out, and the Python that dbt and its driver live in. */
export interface PreflightTools {
  readonly io: Io
  /** Who the exchange says we are. */
  readonly identity: string
  /** Runs a script of ours with `input` as JSON on its standard input; what it prints as JSON is the answer. Throws `exchange` with its words. */
  readonly python: (script: string, input: unknown) => Promise<unknown>
}

/** One dbt adapter type. One file in `warehouses/` exports one of these by default, made with {@link warehouse}. */
export interface WarehouseSpec<C> {
  /** dbt's own name of the adapter: the `type:` of an output. */
  readonly type: string
  /** As people write it: "BigQuery". */
  readonly title: string
  /** Loose: what belongs to dbt passes through untouched; what the exchange needs is checked. */
  readonly connection: z.ZodMiniType<C>
  /** Keys that an output of the adapter has beside those of dbt; another one that is close to one of them is warned of. */
  readonly fields?: readonly string[]
  /** Fields of the output that hold credentials: refused in `connection`, dropped from an existing profiles.yml. */
  readonly credentialFields: readonly string[]
  /** Fields of the output that ask for further rights: the workflow or the policy says them, an existing profiles.yml does not. */
  readonly widening?: readonly string[]
  /** By exchange name; the first is the default. `none` stands for "no exchange". */
  readonly accepts: Readonly<Record<string, Acceptance<C>>>
  readonly adapter: { readonly package: string; readonly bad: readonly KnownBad[] }
  carry(source: Source<C>): Carried
  /** Fields that name this run in the warehouse's history; what the user has set is left alone. */
  readonly attribute?: (run: Attribution) => Readonly<Record<string, Value>>
  /** What is written, in words for log and summary: "database prod.duckdb", "PROD_DB.ANALYTICS as TRANSFORMER". */
  describe(connection: C): string
  /** Absent: there is nobody to ask. */
  readonly preflight?: Preflight<C>
  readonly trust?: (connection: C, request: TrustRequest) => readonly TrustDocument[]
  /** `target` is the name that the trust was written for. */
  readonly diagnose?: (
    error: string,
    connection: C,
    claims: Claims,
    request: TrustRequest | undefined,
  ) => Diagnosis | undefined
  /** Texts that `diagnose` knows, as they appear; the docs page explains each by it. */
  readonly errors?: readonly string[]
  /** For the docs page, a sentence each: dbt 2.x, limits, and what nobody has verified yet. */
  readonly notes?: readonly string[]
  /** Hosts that dbt connects to with the credential, and those that stand between: a proxy of the connection is one. */
  hosts(connection: C): readonly string[]
  /** Whether a host is the vendor's own; a credential is sent to no other. Absent: the host is the user's to choose. */
  readonly allowsHost?: (host: string) => boolean
  /** What of a connection would give away or weaken a credential beyond what a name of a field tells, in sentences. */
  readonly faults?: (connection: C) => readonly Fault[]
  /** By exchange name. */
  readonly proof: Readonly<Record<string, Proof>>
  /** A connection as under `outputs:`, without credentials. */
  readonly example: Readonly<Record<string, unknown>>
  /** By exchange name, what this way needs beside the examples of warehouse and exchange. */
  readonly examples?: Readonly<Record<string, Together>>
}

/** What an example of a pair says beyond those of its two sides. */
export interface Together {
  readonly connection?: Readonly<Record<string, unknown>>
  /** Undefined clears what the exchange's example says. */
  readonly identity?: Readonly<Record<string, unknown>>
  /** Sentences for the head of its section: what has to be known before anything is pasted. */
  readonly about?: readonly string[]
  /** Further connections, where one example does not do. */
  readonly others?: readonly {
    readonly title: string
    readonly connection: Readonly<Record<string, unknown>>
  }[]
}

/** A warehouse together with a connection that its schema has accepted. */
export interface BoundWarehouse {
  readonly type: string
  want(via: string): Want
  /** Undefined where no login proxy can stand between. */
  loginOrigin(via: string): string | undefined
  defaults(via: string): Readonly<Record<string, unknown>>
  carry(credential: Credential, directory: string): Carried
  describe(): string
  readonly preflight:
    | ((
        credential: Credential,
        directory: string,
        tools: PreflightTools,
      ) => Promise<readonly Finding[] | undefined>)
    | undefined
  /** By the request of the trust the names that its documents give are told. */
  diagnose(error: string, claims: Claims, request?: TrustRequest): Diagnosis | undefined
  hosts(): readonly string[]
  allowsHost(host: string): boolean
  /** False: a host is the user's to choose. */
  readonly vendorsHostsOnly: boolean
  /** Found before anything is asked of the network. */
  faults(via: string): readonly Fault[]
  trust(request: TrustRequest): readonly TrustDocument[]
}

/** What can be said of an acceptance without a connection. */
export type Acceptable = Pick<Acceptance<never>, 'kind' | 'trades' | 'keepAlive' | 'wholeTrust'>

/** A warehouse whose connection type is no longer visible, so that all of them fit one registry. */
export interface Warehouse {
  readonly type: string
  readonly title: string
  readonly connection: z.ZodMiniType
  readonly fields: readonly string[]
  readonly credentialFields: readonly string[]
  readonly widening: readonly string[]
  readonly accepts: ReadonlyMap<string, Acceptable>
  readonly adapter: { readonly package: string; readonly bad: readonly KnownBad[] }
  readonly attribute: (run: Attribution) => Readonly<Record<string, Value>>
  readonly proof: Readonly<Record<string, Proof>>
  readonly example: Readonly<Record<string, unknown>>
  readonly examples: Readonly<Record<string, Together>>
  readonly errors: readonly string[]
  readonly notes: readonly string[]
  /** Binds a connection that `connection` has accepted; throws a ZodError otherwise. */
  bind(connection: unknown): BoundWarehouse
}

/** Of every output, whatever the adapter. */
const COMMON = ['type', 'threads', 'schema', 'database']

/** Closes over the connection type, so that a registry of different warehouses needs no cast. */
export function warehouse<C>(spec: WarehouseSpec<C>): Warehouse {
  const accepted = (via: string): Acceptance<C> => {
    const found = Object.hasOwn(spec.accepts, via) ? spec.accepts[via] : undefined
    if (!found) throw new Error(`${spec.type} does not accept the exchange ${via}`)
    return found
  }
  return {
    type: spec.type,
    title: spec.title,
    connection: spec.connection,
    fields: [...COMMON, ...(spec.fields ?? [])],
    credentialFields: spec.credentialFields,
    widening: spec.widening ?? [],
    accepts: new Map(Object.entries(spec.accepts)),
    adapter: spec.adapter,
    attribute: (run) => spec.attribute?.(run) ?? {},
    proof: spec.proof,
    example: spec.example,
    examples: spec.examples ?? {},
    errors: spec.errors ?? [],
    notes: spec.notes ?? [],
    bind(unparsed) {
      const connection = spec.connection.parse(unparsed)
      const { preflight } = spec
      return {
        type: spec.type,
        want: (via) => ({ kind: accepted(via).kind, ...accepted(via).want(connection) }),
        loginOrigin: (via) => accepted(via).loginOrigin?.(connection),
        defaults: (via) => accepted(via).defaults?.(connection) ?? {},
        carry: (credential, directory) => spec.carry({ connection, credential, directory }),
        describe: () => spec.describe(connection),
        preflight:
          preflight &&
          ((credential, directory, tools) => preflight({ connection, credential, directory }, tools)),
        diagnose: (error, claims, request) => spec.diagnose?.(error, connection, claims, request),
        hosts: () => spec.hosts(connection),
        allowsHost: (host) => spec.allowsHost?.(host) ?? true,
        vendorsHostsOnly: spec.allowsHost !== undefined,
        faults: (via) => [
          ...(spec.faults?.(connection) ?? []),
          ...(accepted(via).faults?.(connection) ?? []),
        ],
        trust: (request) => spec.trust?.(connection, request) ?? [],
      }
    },
  }
}
