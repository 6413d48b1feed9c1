import { buy, explain, withExplanation, type Bought } from './access/purchase.ts'
import { isRenewed, keepingOf } from './access/hook.ts'
import { LATER, NEVER, revoke } from './access/revoke.ts'
import { endsSoon, notRenewed } from './access/words.ts'
import type { Claims, IdToken, Mint } from './claims.ts'
import { fillTarget, wantOf, type Target } from './config/target.ts'
import type { Credential } from './credential.ts'
import type { Code, Failure } from './errors.ts'
import type { Io } from './exchange.ts'
import type { PrivateDirectory } from './files.ts'
import { AT_START, MEANWHILE, NOTHING, untilBelow, type Life } from './keepalive/freshness.ts'
import { pluginFiles, pluginSecret } from './keepalive/plugin-files.ts'
import { keepRenewing } from './keepalive/renewal.ts'
import { warnOfEnd } from './keepalive/warning.ts'
import type { Output, Value } from './profile.ts'
import { secretNames } from './secret-names.ts'
import type { Trusted } from './trust/refusal.ts'
import type { Acceptable, Carried, Finding, PreflightTools } from './warehouse.ts'

/** A refusal in our words: what it means, what to do, and what was expected against what the token says. */
export type Explained = Pick<Failure, 'problem' | 'remedy' | 'details'>

/** One use of one or more tokens, for the audit. */
export interface Trade {
  readonly tokens: readonly IdToken[]
  readonly use: 'exchange' | 'keep-alive'
  readonly expiresAt: Date | null
  readonly outcome: 'exchanged' | 'refused'
  readonly errorCode?: Code
  /** Who trades them, where it is not the one that the acceptance names. */
  readonly trades?: Acceptable['trades']
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
  /** Where dbt 1.x finds our plugin, while this process keeps its secret fresh. */
  readonly pythonPath: string | undefined
  /** What dbt's driver asks on this machine, past any proxy: `http://127.0.0.1:PORT`. */
  readonly broker: string | undefined
  /** The secrets by short name, bought anew where little of the credential's life is left. */
  secrets(): Promise<Readonly<Record<string, string>>>
  /** What a text of the other side, or of the driver in dbt's output, means; undefined where nobody knows it. */
  explain(text: string): Explained | undefined
  /** Who the warehouse says we are; undefined where there is nobody to ask. Throws `exchange`, explained. */
  preflight(python: PreflightTools['python']): Promise<readonly Finding[] | undefined>
  /** Revokes and removes the files, now: what a cancelled run does first. Idempotent. */
  forget(): Promise<void>
  /** Leaves everything in place: the post step owns it from here on. */
  handOver(): void
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
  readonly trusted: (target: Target) => Trusted | undefined
  /** Whether the credential is to be renewed while dbt runs. */
  readonly keepAlive: boolean
  /** Whether this process lives as long as dbt, and the driver can ask it. */
  readonly brokers: boolean
  readonly onTrade: (trade: Trade) => Promise<void>
  /** Fields that name the run in the warehouse's history. */
  readonly attribution: Readonly<Record<string, Value>>
  /** Keeps what the post step needs for a revocation; called before the credential is used. */
  readonly remember: (credential: Credential) => Promise<void>
  /** In place of removing the directory, where the credential could not be revoked: removes all but what was remembered. */
  readonly owe: () => Promise<void>
}

/**
 * Trades a token for the target's credential. Throws what the exchange throws, with its diagnosis; after a throw nothing
 * is left behind but what the post step needs to revoke what could not be revoked.
 */
export async function connect(granted: Target, claims: Claims, around: Surroundings): Promise<Access> {
  await using undo = new AsyncDisposableStack()
  let owed = false
  undo.defer(() => (owed ? around.owe() : around.directory.remove()))
  const target = fillTarget(granted, claims)
  const want = wantOf(target)
  const giveBack = async (credential: Credential): Promise<void> => {
    if (!(await revoke(target, credential, around, LATER))) owed = true
  }
  const over = new AbortController()
  const { keepAlive, served } = await keepingOf(target, want, around, {
    over: over.signal,
    // Nobody hears of the broker before there is something to ask for.
    async credential() {
      // Not in line behind a renewal that waits for the other side, while there is something to give.
      if (!hasLeft(NOTHING, current, around.io.now())) await renew(NOTHING)
      return current.credential
    },
  })
  undo.use(served)
  const dealing = { giveBack, hook: served?.hook }
  let current = await buy(target, want, claims, 'exchange', around, dealing)
  undo.defer(() => giveBack(current.credential))
  const started = { ...current.carried.files, ...pluginFiles(keepAlive, current.carried.secrets) }
  for (const [name, content] of Object.entries(started)) await around.directory.write(name, content)

  const renew = oneAfterTheOther(async (share: number) => {
    if (hasLeft(share, current, around.io.now())) return
    const next = await buy(target, want, claims, 'keep-alive', around, dealing)
    // Whoever forgot meanwhile must not find a credential again.
    if (over.signal.aborted) return void (await revoke(target, next.credential, around, NEVER))
    const old = current.credential
    current = next
    const files = { ...current.carried.files, ...pluginSecret(keepAlive, current.carried.secrets) }
    for (const [name, content] of Object.entries(files)) await around.directory.replace(name, content)
    await revoke(target, old, around, NEVER)
  })
  if (isRenewed(keepAlive)) {
    const failed = (error: unknown): void =>
      around.io.say(notRenewed('The credential could not be renewed', error, current.credential.expiresAt))
    const life = (): Life => lifeOf(current)
    void keepRenewing({ life, failed, now: around.io.now, renew: () => renew(MEANWHILE) }, over.signal)
  }

  if (keepAlive.by === 'static') {
    const ends = (): void => around.io.say(endsSoon(current.credential.expiresAt))
    void warnOfEnd(lifeOf(current), around.io.now(), ends, over.signal)
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
    pythonPath: keepAlive.by === 'plugin-field' ? around.directory.path : undefined,
    broker: served?.origin,
    variable: secretNames(),
    async secrets() {
      // The driver buys its own, and this one is of no use to it.
      if (keepAlive.by !== 'token-url') await renew(AT_START)
      return current.carried.secrets
    },
    explain: (text) => explain(text, target, claims, around),
    async preflight(python) {
      const { io, directory } = around
      try {
        return await target.bound.preflight?.(current.credential, directory.path, {
          io,
          python,
          identity: target.exchange.identity(want, claims),
        })
      } catch (error) {
        throw withExplanation(error, (text) => explain(text, target, claims, around))
      }
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

/** Whether more than this share of a life is left. */
function hasLeft(share: number, bought: Bought, now: Date): boolean {
  return (untilBelow(share, lifeOf(bought), now) ?? Infinity) > 0
}

function lifeOf({ boughtAt, credential }: Bought): Life {
  return { boughtAt, expiresAt: credential.expiresAt }
}

/** The user's own fields win over attribution; the credential's fields win over everything. */
function outputWith(target: Target, carried: Carried, attribution: Readonly<Record<string, Value>>): Output {
  const dropped = new Set(target.warehouse.credentialFields)
  const own = [...target.output].filter(([field]) => !dropped.has(field))
  return new Map([...Object.entries(attribution), ...own, ...Object.entries(carried.fields)])
}
