import { exchangesByName } from './exchanges/by-name.ts'
import { DbtOidcError, fail } from './errors.ts'
import type { Host } from './host.ts'
import { ioOf } from './io.ts'
import type { OtherIssuer } from './other-issuer.ts'
import { endProcess } from './process.ts'
import { keeperOf, processOf, removeRemains, remainsOf } from './remains.ts'
import { REVOCATION_FILE, unseal } from './revocation.ts'
import { createTokens } from './token/tokens.ts'
import { join } from 'node:path'

/** Ends, revokes and removes what a step has left: by the post step, and by whoever runs without one. */
export async function cleanUp(host: Host, other?: OtherIssuer): Promise<boolean> {
  // First of all: while dbt lives it works on with the credential, and may write to the directory.
  const ended = await attempt(host, () => endDbt(host))
  // Nor may a fresh credential come once the last one is revoked.
  const over = await attempt(host, () => endKeeper(host))
  return (await forget(host, other)) && ended && over
}

async function endKeeper(host: Host): Promise<void> {
  const keeper = keeperOf(host)
  const end = keeper ? await endProcess(keeper) : 'ended'
  if (end === 'absent')
    host.writer.warning(
      'The process that renews the credential had ended before the job did: later steps went on with what it had bought last, until that ended. It ends by itself when GitHub gives no more tokens; else somebody has ended it.',
      { title: 'dbt-oidc' },
    )
  if (end !== 'still there') return
  fail({
    code: 'cancelled',
    problem: 'The process that renews the credential could not be ended.',
    remedy: 'On a runner of your own look for the process and end it.',
  })
}

/** A step that was killed could not end its dbt. */
async function endDbt(host: Host): Promise<void> {
  const orphan = processOf(host)
  const end = orphan ? await endProcess(orphan) : 'absent'
  if (end === 'ended') host.writer.line('dbt still ran without its step, and was ended.')
  if (end === 'still there')
    fail({
      code: 'cancelled',
      problem: 'dbt still runs without its step, and could not be ended.',
      remedy: 'On a runner of your own look for the process and end it.',
    })
}

async function forget(host: Host, other: OtherIssuer | undefined): Promise<boolean> {
  const remains = remainsOf(host)
  if (!remains) return true
  const sealed = await host.read(join(remains.path, REVOCATION_FILE))
  const { key, owed } = remains
  if (owed) host.writer.line('The step could not revoke its credential; this is the second and last try.')
  let clean = true
  // The directory goes even where the other side cannot be reached: what stays valid must not stay readable.
  if (sealed.kind === 'text') clean = await attempt(host, () => revoke(host, sealed.text, key, other), owed)
  return (await attempt(host, () => removeRemains(host, remains))) && clean
}

/** For a revocation, in milliseconds: nobody waits for the other side for ever. */
const PATIENCE = 15_000

async function revoke(
  host: Host,
  sealed: string,
  key: string,
  other: OtherIssuer | undefined,
): Promise<void> {
  const { via, settings, audience, issuer, credential } = unseal(sealed, key)
  const exchange = (await exchangesByName.get(via)?.())?.default.bind(settings)
  if (!exchange?.revoke) return
  const { writer } = host
  const signal = AbortSignal.timeout(PATIENCE)
  const io = ioOf(host, (line) => writer.line(line))
  const tokens = createTokens({ ...host, issuer, other, mask: writer.mask })
  await exchange.revoke(
    credential,
    { ...io, signal, http: (request) => io.http({ signal, ...request }) },
    () => tokens.decision(audience),
  )
  writer.line(`The credential from ${via} was revoked.`)
}

/** Whether it is as it should be. What is `excused` was told by the step itself, whose result stands: it is a warning. */
async function attempt(host: Host, work: () => Promise<void>, excused = false): Promise<boolean> {
  try {
    await work()
    return true
  } catch (error) {
    const text = error instanceof DbtOidcError ? `${error.problem} ${error.remedy}` : 'An unexpected fault.'
    host.writer[excused ? 'warning' : 'error'](`Cleaning up did not succeed. ${text}`, { title: 'dbt-oidc' })
    return excused
  }
}
