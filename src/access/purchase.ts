import type { Explained, Surroundings, Trade } from './surroundings.ts'
import type { Claims, IdToken, Mint } from '../claims.ts'
import type { Target } from '../config/target.ts'
import { secretsOf, type Credential } from '../credential.ts'
import { DbtOidcError, fail } from '../errors.ts'
import type { Io, Want } from '../exchange.ts'
import { refusal } from '../trust/refusal.ts'
import { withHosts } from './hosts.ts'
import type { Carried, Hook } from '../warehouse.ts'

/** A credential as dbt gets it, and when it was bought. */
export interface Bought {
  readonly credential: Credential
  readonly carried: Carried
  readonly boughtAt: Date
  /** By a clock that nobody sets. */
  readonly since: number
}

/** What buying needs of the world. */
export type Buying = Pick<Surroundings, 'mint' | 'io' | 'directory' | 'onTrade' | 'remember'>

/** What becomes of a purchase. */
export interface Dealing {
  readonly giveBack: (credential: Credential) => Promise<void>
  /** Where dbt's driver asks, in place of getting the credential itself. */
  readonly hook?: Hook | undefined
}

/** Buys once, with every token that it took on record; what was bought and cannot be used is given back. */
export async function buy(
  telling: Telling,
  use: Trade['use'],
  around: Buying,
  { giveBack, hook }: Dealing,
): Promise<Bought> {
  const { target, want } = telling
  const tokens: IdToken[] = []
  const mint: Mint = async (audience) => {
    const token = await around.mint(audience)
    tokens.push(token)
    return token
  }
  const credential = await trade(target, want, mint, around, giveBack).catch(async (error: unknown) => {
    const explained = await withExplanation(error, telling)
    const errorCode = explained instanceof DbtOidcError ? explained.code : 'internal'
    await around.onTrade({ tokens, use, expiresAt: null, outcome: 'refused', errorCode })
    throw explained
  })
  try {
    if (target.exchange.revoke) await around.remember(credential)
    const carried = target.bound.carry(credential, around.directory.path, hook)
    for (const secret of Object.values(carried.secrets)) around.io.mask(secret)
    await around.onTrade({ tokens, use, expiresAt: credential.expiresAt, outcome: 'exchanged' })
    return { credential, carried, boughtAt: around.io.now(), since: performance.now() }
  } catch (error) {
    await giveBack(credential)
    throw error
  }
}

async function trade(
  target: Target,
  want: Want,
  mint: Mint,
  { io }: Buying,
  giveBack: Dealing['giveBack'],
): Promise<Credential> {
  const http: Io['http'] = (request) => io.http(io.signal ? { signal: io.signal, ...request } : request)
  const credential = await target.exchange.trade(want, mint, { ...io, http })
  for (const secret of secretsOf(credential)) io.mask(secret)
  const { expiresAt } = credential
  if (expiresAt === null || expiresAt > io.now()) return credential
  await giveBack(credential)
  return fail({
    code: 'exchange',
    problem: `What came from ${target.via} ${Number.isNaN(expiresAt.getTime()) ? 'ends at no time that there is' : `had ended when it came, at ${expiresAt.toISOString()}`}.`,
    remedy: `Set there how long it is to live; if that is right, compare the clocks: here it is ${io.now().toISOString()}.`,
  })
}

/** What the other side's words mean; undefined where nobody knows. */
export type Explain = (text: string) => Promise<Explained | undefined>

/** What an explanation needs of the world. */
export interface Explaining extends Pick<Surroundings, 'trusted'> {
  readonly io: Pick<Io, 'now'>
}

/** The exchange and the warehouse know best what the other side's words mean. */
export async function explain(
  text: string,
  target: Target,
  claims: Claims,
  { trusted, io }: Explaining,
): Promise<Explained | undefined> {
  const traded = target.exchange.diagnose(text, claims)
  const known = await trusted(target)
  const diagnosis = traded ?? target.bound.diagnose(text, claims, known?.request)
  // A warehouse that trades itself sees GitHub's token, and is both.
  const side = traded || target.acceptance.wholeTrust ? 'exchange' : 'warehouse'
  return diagnosis && refusal(diagnosis, claims, known, { side, now: io.now() })
}

/** What an error at the other side is told with. */
export interface Telling {
  readonly target: Target
  readonly want: Want
  readonly explaining: Explain
}

/**
 * The same error in our words, with the other side's below, and with every host of the run where one cannot be reached;
 * what nobody knows stays as it is.
 */
export async function withExplanation(
  error: unknown,
  { target, want, explaining }: Telling,
): Promise<unknown> {
  if (!(error instanceof DbtOidcError)) return error
  if (error.code === 'host-unreachable') return withHosts(error, target, want)
  if (error.code !== 'exchange') return error
  const own = [error.problem, ...error.details]
  const explained = await explaining(own.join(' '))
  if (!explained) return error
  return new DbtOidcError({
    ...explained,
    code: error.code,
    details: [...own, ...(explained.details ?? [])],
    cause: error,
  })
}
