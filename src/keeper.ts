import { text } from 'node:stream/consumers'
import { hold } from './access/held.ts'
import { isRenewed } from './access/hook.ts'
import { isSameLoan, keepExtending } from './access/loan.ts'
import { LATER, NEVER, revoke } from './access/revoke.ts'
import { auditOf } from './audit.ts'
import { audienceOf, wantOf, type Target } from './config/target.ts'
import { warehouseOf } from './config/warehouse-of.ts'
import type { Credential } from './credential.ts'
import { forbidCoreDumps } from './dbt/core-dumps.ts'
import { DbtOidcError } from './errors.ts'
import { directoryAt, isIntact } from './files.ts'
import { openHost, type Host } from './host.ts'
import { ioOf } from './io.ts'
import { MEANWHILE, sinceThen } from './keepalive/freshness.ts'
import { keepRenewing } from './keepalive/renewal.ts'
import { answer } from './keeper/answer.ts'
import { parseCharge, type Charge } from './keeper/charge.ts'
import { registriesByName } from './registries.ts'
import { remember } from './remains.ts'
import { auditLine } from './report/audit.ts'
import { continueTokens, createTokens } from './token/tokens.ts'

/** In milliseconds: how often it is looked whether there is still something to keep fresh, and when GitHub's own limit is over. */
const LOOK = 2000
const LONGEST = 6 * 60 * 60 * 1000

/** GitHub's endpoint says so when the job is over; once may be an accident. */
const REFUSALS = 2

/**
 * Renews the credential of prepared mode until the post step ends it, its directory is gone, or the job may ask for no
 * more tokens. It prints nothing: nobody reads it, and the runner masks only what a step prints.
 */
export async function keeper(): Promise<void> {
  const over = new AbortController()
  const end = (): void => over.abort(ended())
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, end)
  setTimeout(end, LONGEST)
  const charge = parseCharge(await text(process.stdin))
  // Where GitHub's toolkit looks; what is set now is not in the environment that /proc shows.
  process.env['ACTIONS_ID_TOKEN_REQUEST_URL'] = charge.request.url
  process.env['ACTIONS_ID_TOKEN_REQUEST_TOKEN'] = charge.request.token
  Object.assign(process.env, charge.variables)
  const host = openHost(process.env, { signal: over.signal, kill: over.signal })
  await forbidCoreDumps(process.pid, host.exec)
  setInterval(() => void isIntact(charge.directory).then((there) => there || end()), LOOK)
  await keep(charge, host, end)
  process.exit(0)
}

/** Failures are told to nobody: the audit log has those for which a token was used. */
async function keep(charge: Charge, host: Host, end: () => void): Promise<void> {
  const target = await targetOf(charge)
  const { credential, boughtAt } = charge
  const around = surroundings(charge, target, host)
  const giveBack = async (unused: Credential): Promise<void> =>
    void (await revoke(target, unused, around, LATER))
  const giveUp = async (old: Credential): Promise<void> => void (await revoke(target, old, around, NEVER))
  // A later step may hold what it found at first, in profiles.yml or as an output, and not look again.
  const replaced = async (old: Credential): Promise<void> => {
    if (!isSameLoan(old, credential)) await giveUp(old)
  }
  const carried = target.bound.carry(credential, charge.directory.path)
  const held = hold(
    { credential, carried, boughtAt, since: sinceThen(boughtAt, host.now()) },
    {
      target,
      want: wantOf(target),
      explaining: async () => undefined,
      keepAlive: target.acceptance.keepAlive,
      around,
      replaced,
      giveBack,
    },
    host.signal,
  )
  answer()
  let refusals = 0
  const failed = (error: unknown): void => {
    refusals = error instanceof DbtOidcError && error.code === 'id-token-permission' ? refusals + 1 : 0
    if (refusals >= REFUSALS) end()
  }
  const { life, extend } = held
  const renew = (): Promise<void> => held.renew(MEANWHILE)
  await (isRenewed(target.acceptance.keepAlive)
    ? keepRenewing({ life, now: host.now, renew, failed }, host.signal)
    : keepExtending({ life, now: host.now, extend, failed }, host.signal))
  await held.settled()
  // What was bought at the very end has been given back, and the post step must not take it for the last.
  const last = held.current().credential
  if (target.exchange.revoke) await around.remember(last).catch(() => undefined)
  if (!isSameLoan(last, credential) && !isOver(credential, host.now())) await giveUp(credential)
}

function isOver({ expiresAt }: Credential, now: Date): boolean {
  return expiresAt !== null && expiresAt <= now
}

function surroundings(charge: Charge, target: Target, host: Host): Parameters<typeof hold>[1]['around'] {
  const { issuer, decided, key, auditLog, grant, policy } = charge
  const directory = directoryAt(charge.directory.path, charge.directory.marker, host.temp)
  const options = { ...host, issuer, mask: host.writer.mask }
  const { signal: _ended, ...unended } = options
  const audit = auditOf(
    { decision: 'granted', grant, target: target.name, policy },
    { now: host.now, append: (record) => host.append(auditLog, auditLine(record)) },
  )
  return {
    mint: continueTokens(decided, options),
    mintToRevoke: (audience) => createTokens(unended).decision(audience),
    io: { ...ioOf(host, () => undefined), signal: host.signal },
    directory,
    onTrade: (trade) => audit.trade(target, trade),
    remember: (credential) =>
      remember(
        { directory, key },
        { via: target.via, settings: target.settings, audience: audienceOf(target), issuer, credential },
      ),
  }
}

/** The target as far as a renewal needs it: its profile has been written. */
async function targetOf({ target }: Charge): Promise<Target> {
  const { name, via, settings, audience } = target
  const { warehouses, exchanges, mentioned } = registriesByName()
  await mentioned(`${target.type} ${via}`)
  const warehouse = warehouseOf(warehouses, { ...target.connection, type: target.type })
  const acceptance = warehouse?.accepts.get(via)
  const exchange = exchanges.get(via)
  if (!warehouse || !acceptance || !exchange) throw new Error('The step has named what is not registered.')
  return {
    name,
    output: new Map(),
    warehouse,
    bound: warehouse.bind(target.connection),
    via,
    acceptance,
    exchange: exchange.bind(settings),
    settings,
    audience,
    alsoAudiences: [],
    place: '',
    lookup: () => undefined,
  }
}

function ended(): DbtOidcError {
  return new DbtOidcError({
    code: 'cancelled',
    problem: 'The post step has ended the renewal.',
    remedy: 'Nothing is to be done.',
  })
}
