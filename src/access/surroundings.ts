import type { IdToken, Mint } from '../claims.ts'
import type { KeepAliveOption } from '../config/options.ts'
import type { Target } from '../config/target.ts'
import type { Credential } from '../credential.ts'
import type { Code, Failure } from '../errors.ts'
import type { Io } from '../exchange.ts'
import type { PrivateDirectory } from '../files.ts'
import type { Streams } from '../http.ts'
import type { Value } from '../profile.ts'
import type { Trusted } from '../trust/refusal.ts'
import type { Acceptable } from '../warehouse.ts'

/** A refusal in our words: what it means, what to do, and what was expected against what the token says. */
export type Explained = Pick<Failure, 'problem' | 'remedy' | 'details'>

/** Runs a script of a preflight, until the signal says that nobody waits for its answer any more. */
export type Python = (script: string, input: unknown, signal: AbortSignal) => Promise<unknown>

/** One use of one or more tokens, for the audit. */
export interface Trade {
  readonly tokens: readonly IdToken[]
  readonly use: 'exchange' | 'keep-alive' | 'revocation'
  readonly expiresAt: Date | null
  readonly outcome: 'exchanged' | 'refused'
  readonly errorCode?: Code
  /** Who trades them, where it is not the one that the acceptance names. */
  readonly trades?: Acceptable['trades']
}

/** What another process needs in order to go on renewing. */
export interface Legacy {
  /** With its placeholders filled. */
  readonly target: Target
  /** The connection as its warehouse understands it. */
  readonly connection: Readonly<Record<string, unknown>>
  readonly credential: Credential
  readonly boughtAt: Date
}

/** What `connect` needs of the world. */
export interface Surroundings {
  readonly mint: Mint
  /** Mints for a revocation: also when the job was cancelled, and with no claims to agree with. */
  readonly mintToRevoke: Mint
  /** Its signal ends a trade that waits for the other side; a revocation goes on. */
  readonly io: Io
  readonly directory: PrivateDirectory
  /** What the policy asks the other side to trust, for a refusal to be explained by. */
  readonly trusted: (target: Target) => Promise<Trusted | undefined>
  /** Whether and how the credential is to be renewed while dbt runs. */
  readonly keepAlive: KeepAliveOption
  /** Whether this process lives as long as dbt, and the driver can ask it. */
  readonly brokers: boolean
  /** Whether dbt loads modules of Python: 1.x does. */
  readonly plugins: boolean
  /** The way out for what a proxy of ours passes on. */
  readonly streams: Streams
  readonly onTrade: (trade: Trade) => Promise<void>
  /** Fields that name the run in the warehouse's history. */
  readonly attribution: Readonly<Record<string, Value>>
  /** Keeps what the post step needs for a revocation; called before the credential is used. */
  readonly remember: (credential: Credential) => Promise<void>
  /** Hands the renewal to a process that outlives this one. */
  readonly leave: (legacy: Legacy) => Promise<void>
  /** In place of removing the directory, where the credential could not be revoked: removes all but what was remembered. */
  readonly owe: () => Promise<void>
}
