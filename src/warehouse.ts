import type * as z from 'zod/mini'
import type { Claims } from './claims.ts'
import type { Credential } from './credential.ts'
import type { Diagnosis, Proof, Want } from './exchange.ts'
import type { Value } from './profile.ts'
import type { Reader } from './trust/reader.ts'
import type { Standing } from './trust/standing.ts'
import type { Statement } from './trust/statement.ts'
import { inFormat, type Documents, type TrustDocument, type TrustFormat, type TrustRequest } from './trust.ts'
import type { Acceptable, Acceptance, Fault } from './warehouse/acceptance.ts'
import type { Carried, Hook, Source } from './warehouse/carry.ts'
import type { Attribution, KnownBad, Reported, Together } from './warehouse/facts.ts'
import type { Finding, Preflight, PreflightTools } from './warehouse/preflight.ts'

export type * from './warehouse/acceptance.ts'
export type * from './warehouse/carry.ts'
export type * from './warehouse/facts.ts'
export type * from './warehouse/preflight.ts'

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
  /** The vendor's own page of one query, by what the adapter reported of it, or of all queries; absent: there is none. */
  readonly history?: (connection: C, query: Reported | undefined) => string | undefined
  /** Absent: there is nobody to ask. */
  readonly preflight?: Preflight<C>
  /** What the warehouse has to be told. No run needs it unless it is refused, so it may be loaded when it is asked for. */
  readonly trust?: (connection: C, request: TrustRequest) => Documents
  /** Loads what reads the output of the platform. */
  readonly reader?: () => Promise<Reader>
  /** Asks the platform itself how the trust stands, with the login of whoever sits before the command line; undefined where an exchange knows. */
  readonly standing?: (
    connection: C,
    request: TrustRequest,
    tools: Standing,
  ) => Promise<readonly Statement[]> | undefined
  /** The same for Terraform, as far as it has resources for it; absent: the documents of `trust` serve. */
  readonly terraform?: (connection: C, request: TrustRequest) => Documents
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

/** A warehouse together with a connection that its schema has accepted. */
export interface BoundWarehouse {
  readonly type: string
  want(via: string): Want
  /** Undefined where no login proxy can stand between. */
  loginOrigin(via: string): string | undefined
  defaults(via: string): Readonly<Record<string, unknown>>
  carry(credential: Credential, directory: string, hook?: Hook): Carried
  describe(): string
  history(query: Reported | undefined): string | undefined
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
  trust(request: TrustRequest, format?: TrustFormat): Promise<readonly TrustDocument[]>
  standing(request: TrustRequest, tools: Standing): Promise<readonly Statement[]> | undefined
}

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
  readonly reader: (() => Promise<Reader>) | undefined
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
    reader: spec.reader,
    bind(unparsed) {
      const connection = spec.connection.parse(unparsed)
      const { preflight } = spec
      return {
        type: spec.type,
        want: (via) => ({ kind: accepted(via).kind, ...accepted(via).want(connection) }),
        loginOrigin: (via) => accepted(via).loginOrigin?.(connection),
        defaults: (via) => accepted(via).defaults?.(connection) ?? {},
        carry: (credential, directory, hook) => spec.carry({ connection, credential, directory, hook }),
        describe: () => spec.describe(connection),
        history: (query) => spec.history?.(connection, query),
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
        trust: async (request, format) => inFormat(spec, format)?.(connection, request) ?? [],
        standing: (request, tools) => spec.standing?.(connection, request, tools),
      }
    },
  }
}
