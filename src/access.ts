import type { Claims, IdToken, Mint } from './claims.ts'
import { fillTarget, wantOf, type Target } from './config/target.ts'
import { secretsOf, type Credential } from './credential.ts'
import { DbtOidcError, type Code } from './errors.ts'
import type { Io, Want } from './exchange.ts'
import type { PrivateDirectory } from './files.ts'
import { AT_START, MEANWHILE, untilBelow, type Life } from './keepalive/freshness.ts'
import { keepRenewing } from './keepalive/renewal.ts'
import type { Output, Value } from './profile.ts'
import { secretNames } from './secret-names.ts'
import type { Carried } from './warehouse.ts'

/** One use of one or more tokens, for the audit. */
export interface Trade {
  readonly tokens: readonly IdToken[]
  readonly use: 'exchange' | 'keep-alive'
  readonly expiresAt: Date | null
  readonly outcome: 'exchanged' | 'refused'
  readonly errorCode?: Code
}

/** A way into one target for as long as the block lives; leaving it revokes and forgets. */
export interface Access extends AsyncDisposable {
  /** With its placeholders filled. */
  readonly target: Target
  readonly identity: string
  readonly directory: PrivateDirectory
  expiresAt(): Date | null
  /** The output with the credential's fields; secrets are named, not held. */
  readonly output: Output
  /** Variables for dbt without secrets. */
  readonly env: Readonly<Record<string, string>>
  /** The variable in which dbt finds a secret: of this run alone, so that no file of the project can name it. */
  readonly variable: (secret: string) => string
  /** The secrets by short name, bought anew where little of the credential's life is left. */
  secrets(): Promise<Readonly<Record<string, string>>>
  /** Revokes and removes the files, now: what a cancelled run does first. Idempotent. */
  forget(): Promise<void>
  /** Leaves everything in place: the post step owns it from here on. */
  handOver(): void
}

/** What `connect` needs of the world. */
export interface Surroundings {
  readonly mint: Mint
  /** Its signal ends a trade that waits for the other side; a revocation goes on. */
  readonly io: Io
  readonly directory: PrivateDirectory
  readonly onTrade: (trade: Trade) => Promise<void>
  /** Fields that name the run in the warehouse's history. */
  readonly attribution: Readonly<Record<string, Value>>
  /** Keeps what the post step needs for a revocation; called before the credential is used. */
  readonly remember: (credential: Credential) => Promise<void>
}

/**
 * Trades a token for the target's credential. Throws what the exchange throws, with its diagnosis; after a throw nothing
 * is left behind.
 */
export async function connect(granted: Target, claims: Claims, around: Surroundings): Promise<Access> {
  await using undo = new AsyncDisposableStack()
  undo.defer(() => around.directory.remove())
  const target = fillTarget(granted, claims)
  const want = wantOf(target)
  let current = await buy(target, want, claims, 'exchange', around)
  undo.defer(() => revoke(target, current.credential, around.io))
  for (const [name, content] of Object.entries(current.carried.files))
    await around.directory.write(name, content)

  const over = new AbortController()
  const renew = oneAfterTheOther(async (share: number) => {
    if ((untilBelow(share, lifeOf(current), around.io.now()) ?? Infinity) > 0) return
    const next = await buy(target, want, claims, 'keep-alive', around)
    // Whoever forgot meanwhile must not find a credential again.
    if (over.signal.aborted) return revoke(target, next.credential, around.io)
    const old = current.credential
    current = next
    for (const [name, content] of Object.entries(current.carried.files))
      await around.directory.replace(name, content)
    await revoke(target, old, around.io)
  })
  if (target.acceptance.keepAlive.by === 'file') {
    const failed = (error: unknown): void => around.io.say(notRenewed(error, current.credential.expiresAt))
    const life = (): Life => lifeOf(current)
    void keepRenewing({ life, failed, now: around.io.now, renew: () => renew(MEANWHILE) }, over.signal)
  }

  const undone = undo.move()
  // The stack itself does not wait for a disposal that is under way, and the process must not end before it.
  let forgotten: Promise<void> | undefined
  const forget = (): Promise<void> => {
    over.abort()
    return (forgotten ??= undone.disposeAsync())
  }
  let owned = true
  return {
    target,
    identity: target.exchange.identity(want, claims),
    directory: around.directory,
    expiresAt: () => current.credential.expiresAt,
    output: outputWith(target, current.carried, around.attribution),
    env: current.carried.env,
    variable: secretNames(),
    async secrets() {
      await renew(AT_START)
      return current.carried.secrets
    },
    forget,
    handOver() {
      owned = false
      over.abort()
    },
    async [Symbol.asyncDispose]() {
      if (owned) await forget()
    },
  }
}

/** Calls of the result run one at a time; a failure of one is nothing to the next. */
function oneAfterTheOther<T>(work: (input: T) => Promise<void>): (input: T) => Promise<void> {
  let last: Promise<void> = Promise.resolve()
  return (input) => {
    const mine = last.then(() => work(input))
    last = mine.catch(() => undefined)
    return mine
  }
}

function lifeOf({ boughtAt, credential }: Bought): Life {
  return { boughtAt, expiresAt: credential.expiresAt }
}

function notRenewed(error: unknown, expiresAt: Date | null): string {
  const why = error instanceof DbtOidcError ? error.problem : 'An unexpected fault.'
  const until = expiresAt ? ` until ${expiresAt.toISOString()}` : ''
  return `The credential could not be renewed; dbt goes on with the present one${until}. ${why}`
}

interface Bought {
  readonly credential: Credential
  readonly carried: Carried
  readonly boughtAt: Date
}

async function buy(
  target: Target,
  want: Want,
  claims: Claims,
  use: Trade['use'],
  around: Surroundings,
): Promise<Bought> {
  const tokens: IdToken[] = []
  const mint: Mint = async (audience) => {
    const token = await around.mint(audience)
    tokens.push(token)
    return token
  }
  const credential = await trade(target, want, mint, around).catch(async (error: unknown) => {
    const explained = explain(error, target, claims)
    const errorCode = explained instanceof DbtOidcError ? explained.code : 'internal'
    await around.onTrade({ tokens, use, expiresAt: null, outcome: 'refused', errorCode })
    throw explained
  })
  try {
    if (target.exchange.revoke) await around.remember(credential)
    const carried = target.bound.carry(credential, around.directory.path)
    for (const secret of Object.values(carried.secrets)) around.io.mask(secret)
    await around.onTrade({ tokens, use, expiresAt: credential.expiresAt, outcome: 'exchanged' })
    return { credential, carried, boughtAt: around.io.now() }
  } catch (error) {
    await revoke(target, credential, around.io)
    throw error
  }
}

async function trade(target: Target, want: Want, mint: Mint, around: Surroundings): Promise<Credential> {
  const { io } = around
  const http: Io['http'] = (request) => io.http(io.signal ? { signal: io.signal, ...request } : request)
  const credential = await target.exchange.trade(want, mint, { ...io, http })
  for (const secret of secretsOf(credential)) io.mask(secret)
  return credential
}

/** The exchange and the warehouse know best what the other side's words mean. */
function explain(error: unknown, target: Target, claims: Claims): unknown {
  if (!(error instanceof DbtOidcError) || error.code !== 'exchange') return error
  const text = `${error.problem} ${error.details.join(' ')}`
  const diagnosis = target.exchange.diagnose(text, claims) ?? target.bound.diagnose(text, claims)
  if (!diagnosis) return error
  return new DbtOidcError({
    ...diagnosis,
    code: error.code,
    details: [error.problem, ...error.details],
    cause: error,
  })
}

/** A cancelled job has 7 s for everything. */
const REVOKING = 5000

async function revoke(target: Target, credential: Credential, io: Io): Promise<void> {
  const signal = AbortSignal.timeout(REVOKING)
  try {
    const http: Io['http'] = (request) => io.http({ signal, ...request })
    await target.exchange.revoke?.(credential, { ...io, http, signal })
  } catch (error) {
    const known = error instanceof DbtOidcError ? error.problem : 'unexpected answer'
    // What cannot be revoked ends by itself; the run's own result matters more.
    io.say(`The credential could not be revoked (${signal.aborted ? 'no answer in time' : known}).`)
  }
}

/** The user's own fields win over attribution; the credential's fields win over everything. */
function outputWith(target: Target, carried: Carried, attribution: Readonly<Record<string, Value>>): Output {
  const dropped = new Set(target.warehouse.credentialFields)
  const own = [...target.output].filter(([field]) => !dropped.has(field))
  return new Map([...Object.entries(attribution), ...own, ...Object.entries(carried.fields)])
}
