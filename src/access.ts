import { oneEach } from './access/each.ts'
import { endedMeanwhile } from './access/ended.ts'
import { hold, type Held } from './access/held.ts'
import { asksForEach, isRenewed, keepingOf } from './access/hook.ts'
import { isLent, keepExtending } from './access/loan.ts'
import { buy, explain, withExplanation, type Explain } from './access/purchase.ts'
import { LATER, NEVER, revoke } from './access/revoke.ts'
import { toldBy } from './access/told.ts'
import { soon, withinAMinute } from './access/within.ts'
import { endsSoon, notRenewed, onceEach } from './access/words.ts'
import { outputWith } from './access/output.ts'
import type { Explained, Python, Surroundings } from './access/surroundings.ts'
import type { Claims } from './claims.ts'
import { fillTarget, wantOf, type Target } from './config/target.ts'
import type { Credential } from './credential.ts'
import type { PrivateDirectory } from './files.ts'
import { AT_START, MEANWHILE, NOTHING } from './keepalive/freshness.ts'
import { pluginFiles } from './keepalive/plugin-files.ts'
import { keepRenewing } from './keepalive/renewal.ts'
import { warnOfEnd } from './keepalive/warning.ts'
import { toJs, type Output } from './profile.ts'
import { secretNames } from './secret-names.ts'
import type { Carried, Finding } from './warehouse.ts'

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
  /** dbt connects to this process: no proxy of the step may stand between. */
  readonly onLoopback: boolean
  /** The secrets by short name, bought anew where little of the credential's life is left. */
  secrets(): Promise<Readonly<Record<string, string>>>
  /** What a text of the other side, or of the driver in dbt's output, means; undefined where nobody knows it. */
  explain(text: string): Promise<Explained | undefined>
  /** Who the other side of the exchange says we are, as far as it tells. Throws `exchange`, explained. */
  told(): Promise<readonly Finding[]>
  /** Who the warehouse says we are; undefined where there is nobody to ask. Throws `exchange`, explained. */
  preflight(python: Python): Promise<readonly Finding[] | undefined>
  /** Revokes and removes the files, now: what a cancelled run does first. Idempotent; nothing once handed over. */
  forget(): Promise<void>
  /** Leaves everything in place: the post step owns it from here on, and another process renews what can be renewed. */
  handOver(): Promise<void>
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
  const explaining: Explain = (text) => explain(text, target, claims, around)
  const telling = { target, want, explaining }
  const over = new AbortController()
  const replaced = async (old: Credential): Promise<void> => void (await revoke(target, old, around, NEVER))
  // Nobody hears of a broker before there is something to ask for.
  const { keepAlive, served } = await keepingOf(target, want, around, {
    over: over.signal,
    credential: () => living(held),
    present: async () => held.current().credential,
    each: async () => (await each.take()).credential,
  })
  undo.use(served)
  const dealing = { giveBack, hook: served?.hook }
  const bought = await buy(telling, 'exchange', around, dealing)
  const held: Held = hold(bought, { ...telling, keepAlive, around, replaced, ...dealing }, over.signal)
  const each = oneEach({ first: held.current, next: held.next, now: around.io.now })
  // A renewal that is under way would find its directory gone, and leave what it was to give back.
  undo.defer(() => soon(held.settled()))
  undo.defer(() => giveBack(held.current().credential))
  const { carried: first, credential } = bought
  const started = { ...first.files, ...pluginFiles(keepAlive, first.secrets, credential.expiresAt) }
  for (const [name, content] of Object.entries(started)) await around.directory.write(name, content)

  const expiresAt = (): Date | null => held.life().expiresAt
  const renewed = isRenewed(keepAlive)
  const lent = isLent(bought.credential, target)
  const extending = lent && around.keepAlive !== 'off'
  const left = new AbortController()
  const until = AbortSignal.any([over.signal, left.signal])
  if (renewed) {
    // The same is tried again and again, and told once.
    const failed = onceEach(
      (error) => notRenewed('The credential could not be renewed', error, expiresAt()),
      around.io.say,
    )
    const what = { life: held.life, failed, now: around.io.now, renew: () => held.renew(MEANWHILE) }
    void keepRenewing(what, until)
  }

  const proxy =
    keepAlive.by === 'login-proxy'
      ? await (await import('./access/proxied.ts')).logInThroughProxy(target, around, each)
      : undefined
  if (proxy) undo.use(proxy)
  const carried = (): Carried => proxy?.carried(held.current().carried) ?? held.current().carried

  if (keepAlive.by === 'static') {
    const failed = (error: unknown): void =>
      around.io.say(notRenewed('The lease could not be extended', error, expiresAt()))
    const loan = { life: held.life, extend: held.extend, now: around.io.now, failed }
    const ends = (): void => around.io.say(endsSoon(expiresAt()))
    void (extending ? keepExtending(loan, until) : Promise.resolve()).then(() =>
      warnOfEnd(held.life(), around.io.now(), ends, until),
    )
  }

  const undone = undo.move()
  // The stack itself does not wait for a disposal that is under way, and the process must not end before it.
  let forgotten: Promise<void> | undefined
  let owned = true
  const forget = async (): Promise<void> => {
    over.abort()
    if (owned) await (forgotten ??= undone.disposeAsync())
  }
  return {
    target,
    identity: target.exchange.identity(want, claims),
    directory: around.directory,
    expiresAt,
    output: outputWith(target, carried(), around.attribution),
    env: carried().env,
    pythonPath: keepAlive.by === 'plugin-field' ? around.directory.path : undefined,
    onLoopback: (proxy ?? served) !== undefined,
    variable: secretNames(),
    async secrets() {
      // What a login through the proxy needs, it gets there, and a driver that trades buys its own.
      if (!proxy && !asksForEach(keepAlive)) await held.renew(AT_START)
      return carried().secrets
    },
    async explain(text) {
      const explained = await explaining(text)
      if (keepAlive.by !== 'static') return explained
      const now = around.io.now()
      const ended = endedMeanwhile(text, {
        expiresAt: expiresAt(),
        now,
        keepAlive: around.keepAlive,
        lent,
        explained,
      })
      return ended ?? explained
    },
    told: () =>
      toldBy(held.current().credential, target.exchange.identity(want, claims), around.io).catch(
        async (error: unknown) => {
          throw await withExplanation(error, telling)
        },
      ),
    async preflight(python) {
      const { io, directory } = around
      proxy?.spend()
      try {
        return await withinAMinute(
          async (signal) =>
            target.bound.preflight?.(held.current().credential, directory.path, {
              io: { ...io, signal, http: (request) => io.http({ signal, ...request }) },
              python: (script, input) => python(script, input, signal),
              identity: target.exchange.identity(want, claims),
            }),
          io.signal,
        )
      } catch (error) {
        throw await withExplanation(error, telling)
      }
    },
    forget,
    async handOver() {
      left.abort()
      // What is being bought at this moment is left, too.
      await held.settled()
      if ((renewed || extending) && !over.signal.aborted && expiresAt() !== null) {
        const { credential, boughtAt } = held.current()
        await around.leave({ target, connection: toJs(target.output, target.lookup), credential, boughtAt })
      }
      // What is cancelled until here is revoked and forgotten here.
      around.io.signal?.throwIfAborted()
      owned = false
    },
    [Symbol.asyncDispose]: forget,
  }
}

/** What lives, without a place in line behind a renewal that waits for the other side. */
async function living(held: Held): Promise<Credential> {
  if (!held.has(NOTHING)) await held.renew(NOTHING)
  return held.current().credential
}
