import type * as z from 'zod/mini'
import type { Claims, IdToken, Mint } from './claims.ts'
import type { Credential, Kind } from './credential.ts'
import type { Http } from './http.ts'
import type { Standing } from './trust/standing.ts'
import type { Reader } from './trust/reader.ts'
import type { Statement } from './trust/statement.ts'
import { inFormat, type Documents, type TrustDocument, type TrustFormat, type TrustRequest } from './trust.ts'

/** How sure a row of the README is; see "What has been proven against what". */
export type Proof =
  'real account' | 'third-party server' | 'our verifier' | 'shape only' | 'nothing to verify'

/** What a warehouse asks of an exchange, in words every exchange understands. Absent means: not needed. */
export interface Want {
  readonly scope?: string
  readonly host?: string
  readonly port?: number
  readonly user?: string
  readonly database?: string
  readonly region?: string
  /** The audience that the warehouse itself asks for when it takes the token directly. */
  readonly audience?: string
  /** The kind of credential that the warehouse can carry, for exchanges that can give more than one. */
  readonly kind?: Kind
}

/** The outside world as an exchange sees it. */
export interface Io {
  readonly http: Http
  /** The address to use for a fixed vendor origin; itself outside a rehearsal. Addresses that a user wrote need it not. */
  readonly at: (url: string) => string
  /** Ends the trade before its time: the job was cancelled. */
  readonly signal?: AbortSignal
  readonly now: () => Date
  /** Hides a text (and its usual encodings) from the log before anything can print it. */
  readonly mask: (secret: string) => void
  /** A variable of the step. Only for what an exchange names as its {@link ExchangeSpec.variables}. */
  readonly variable: (name: string) => string | undefined
  /** One line for the log group of the exchange. */
  readonly say: (line: string) => void
}

/** A further token for the exchange's audience, where the other side wants to know who gives a credential back. */
export type Fresh = () => Promise<IdToken>

/** What a driver needs in order to trade by itself, in the form that it reads. Addresses are texts of their own. */
export type Recipe = Readonly<Record<string, unknown>>

/** Who stands behind the access tokens of an exchange, for a warehouse that checks them itself. */
export interface Issued {
  /** `iss` of the tokens, exactly. */
  readonly issuer: string
  /** Where its public keys are (JWKS). */
  readonly keys: string
  /** `sub` of the tokens, where it is known beforehand. */
  readonly subject?: string
}

/** Where users of the warehouse are made for a run, for a warehouse that says how. */
export interface Makes {
  /** Address of the server. */
  readonly url: string
  readonly namespace?: string | undefined
  /** Of the role by which they are made. */
  readonly path: string
}

/** What the error of the other side means, and what to do about it. */
export interface Diagnosis {
  readonly problem: string
  readonly remedy: string
}

/**
 * A place where a token is traded. `S` are its settings, as written under `identity:` without `via`.
 * One file in `exchanges/` exports one of these by default, made with {@link exchange}.
 */
export interface ExchangeSpec<S> {
  readonly name: string
  /** One line for the generated table. */
  readonly summary: string
  /** Why nobody should rely on it yet, in sentences; the README and the docs page mark it. */
  readonly experimental?: string
  /** Strict: a misspelt key is an error. */
  readonly settings: z.ZodMiniType<S>
  /** The audience that the other side expects unless the target or the input names one. */
  audience(settings: S, want: Want): string
  /** Trades one or more fresh tokens for a credential. Throws `exchange` or `exchange-unavailable`. */
  trade(settings: S, want: Want, mint: Mint, io: Io): Promise<Credential>
  /** What a driver needs in order to trade by itself, asking a broker for the tokens; undefined where it cannot. */
  readonly recipe?: (settings: S, want: Want) => Recipe | undefined
  /**
   * Puts off the end of a credential that the other side lends, and returns it with the end that it has now, no later where
   * it is not to be put off any more; undefined for what is not lent.
   */
  readonly extend?: (settings: S, credential: Credential, io: Io) => Promise<Credential | undefined>
  /** Ends a credential before its time where the other side can. */
  readonly revoke?: (settings: S, credential: Credential, io: Io, fresh: Fresh) => Promise<void>
  /** Variables of the step that hold a secret which the exchange needs; what renews in the background gets them, too. */
  readonly variables?: (settings: S) => readonly string[]
  /** Who the other side says we are, in its own words: a role ARN, an email, a subject. */
  identity(settings: S, want: Want, claims: Claims): string
  /** Which exchange compares the token, where this one leaves that to another; `none` where nobody does. */
  readonly comparedBy?: (settings: S) => string
  /** Who issues its access tokens, as far as the settings tell; absent where a token is read by its issuer alone. */
  readonly issues?: (settings: S) => Issued | undefined
  /** Where it makes users of the warehouse, where it does. */
  readonly makes?: (settings: S) => Makes | undefined
  /** What the other side has to be told. No run needs it unless it is refused, so it may be loaded when it is asked for. */
  readonly trust?: (settings: S, want: Want, request: TrustRequest) => Documents
  /** Loads what reads the output of the platform. */
  readonly reader?: () => Promise<Reader>
  /** Asks the platform itself how the trust stands, with the login of whoever sits before the command line. */
  readonly standing?: (
    settings: S,
    want: Want,
    request: TrustRequest,
    tools: Standing,
  ) => Promise<readonly Statement[]>
  /** The same for Terraform, as far as it has resources for it; absent: the documents of `trust` serve. */
  readonly terraform?: (settings: S, want: Want, request: TrustRequest) => Documents
  readonly diagnose?: (error: string, settings: S, claims: Claims) => Diagnosis | undefined
  /** Texts that `diagnose` knows, as they appear; the docs page explains each by it. */
  readonly errors?: readonly string[]
  /** For the docs page, a sentence each: dbt 2.x, limits, and what nobody has verified yet. */
  readonly notes?: readonly string[]
  /** Hosts that a run reaches, for the egress list. */
  hosts(settings: S, want: Want): readonly string[]
  readonly proof: Proof
  readonly example: S
}

/** An exchange with its settings already parsed: what the sentence works with. */
export interface BoundExchange {
  readonly name: string
  audience(want: Want): string
  trade(want: Want, mint: Mint, io: Io): Promise<Credential>
  recipe(want: Want): Recipe | undefined
  readonly extend: ((credential: Credential, io: Io) => Promise<Credential | undefined>) | undefined
  readonly revoke: ((credential: Credential, io: Io, fresh: Fresh) => Promise<void>) | undefined
  readonly variables: readonly string[]
  identity(want: Want, claims: Claims): string
  /** The exchange that compares the token: itself, unless it leaves that to another. */
  readonly comparedBy: string
  /** Undefined where nobody can tell beforehand. */
  issues(): Issued | undefined
  makes(): Makes | undefined
  diagnose(error: string, claims: Claims): Diagnosis | undefined
  hosts(want: Want): readonly string[]
  trust(want: Want, request: TrustRequest, format?: TrustFormat): Promise<readonly TrustDocument[]>
  readonly standing:
    ((want: Want, request: TrustRequest, tools: Standing) => Promise<readonly Statement[]>) | undefined
}

/** An exchange whose settings type is no longer visible, so that all of them fit one registry. */
export interface Exchange {
  readonly name: string
  readonly summary: string
  readonly experimental: string | undefined
  readonly proof: Proof
  readonly settings: z.ZodMiniType
  readonly example: unknown
  readonly errors: readonly string[]
  readonly notes: readonly string[]
  readonly reader: (() => Promise<Reader>) | undefined
  /** Binds settings that `settings` has accepted; throws a ZodError otherwise. */
  bind(settings: unknown): BoundExchange
}

/** Closes over the settings type, so that a registry of different exchanges needs no cast. */
export function exchange<S>(spec: ExchangeSpec<S>): Exchange {
  return {
    name: spec.name,
    summary: spec.summary,
    experimental: spec.experimental,
    proof: spec.proof,
    settings: spec.settings,
    example: spec.example,
    errors: spec.errors ?? [],
    notes: spec.notes ?? [],
    reader: spec.reader,
    bind(unparsed) {
      const settings = spec.settings.parse(unparsed)
      const { extend, revoke, standing } = spec
      return {
        name: spec.name,
        audience: (want) => spec.audience(settings, want),
        variables: spec.variables?.(settings) ?? [],
        trade: (want, mint, io) => spec.trade(settings, want, mint, io),
        recipe: (want) => spec.recipe?.(settings, want),
        extend: extend && ((credential, io) => extend(settings, credential, io)),
        revoke: revoke && ((credential, io, fresh) => revoke(settings, credential, io, fresh)),
        identity: (want, claims) => spec.identity(settings, want, claims),
        comparedBy: spec.comparedBy?.(settings) ?? spec.name,
        issues: () => spec.issues?.(settings),
        makes: () => spec.makes?.(settings),
        diagnose: (error, claims) => spec.diagnose?.(error, settings, claims),
        hosts: (want) => spec.hosts(settings, want),
        trust: async (want, request, format) => inFormat(spec, format)?.(settings, want, request) ?? [],
        standing: standing && ((want, request, tools) => standing(settings, want, request, tools)),
      }
    },
  }
}
