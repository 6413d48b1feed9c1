import type { Target } from '../config/target.ts'
import type { Credential } from '../credential.ts'
import { DbtOidcError } from '../errors.ts'
import type { Io } from '../exchange.ts'
import { MEANWHILE, NOTHING, sinceThen, untilBelow, type Life } from '../keepalive/freshness.ts'
import { pauseAfterFailure } from '../keepalive/renewal.ts'
import { waited } from '../keepalive/wait.ts'
import type { Bought } from './purchase.ts'

/** Whether somebody else keeps its end, and may put it off. */
export function isLent(credential: Credential, { exchange }: Pick<Target, 'exchange'>): boolean {
  return exchange.extend !== undefined && 'lease' in credential && credential.lease !== undefined
}

/** Whether both are one loan, whatever its end: to give back the one is to give back the other. */
export function isSameLoan(one: Credential, other: Credential): boolean {
  if (one === other) return true
  const [first, second] = [one, other].map((each) => ('lease' in each ? each.lease?.id : undefined))
  return first !== undefined && first === second
}

/** The same loan with its new end, its life at least as long as it was at first: of an end that is no later, ever less is left. */
export async function extended(
  bought: Bought,
  { exchange }: Pick<Target, 'exchange'>,
  io: Io,
): Promise<Bought> {
  const { credential, boughtAt } = bought
  const longer = await exchange.extend?.(credential, io)
  if (!longer?.expiresAt || !credential.expiresAt || Number.isNaN(longer.expiresAt.getTime())) return bought
  const span = credential.expiresAt.getTime() - boughtAt.getTime()
  const began = Math.min(longer.expiresAt.getTime() - span, io.now().getTime())
  const boughtAgain = new Date(began)
  return { ...bought, credential: longer, boughtAt: boughtAgain, since: sinceThen(boughtAgain, io.now()) }
}

/** A loan that is in use. */
export interface Loan {
  readonly life: () => Life
  /** Puts its end off where less than this share of the life is left. */
  readonly extend: (share: number) => Promise<void>
  readonly now: () => Date
  /** Told of a failure; the loan goes on until its end meanwhile. */
  readonly failed: (error: unknown) => void
}

/**
 * Puts the end of a loan off for as long as `until` is not aborted and the other side is willing: an outage is waited
 * for, a refusal is the last word, and so is an end that is no later. Never throws.
 */
export async function keepExtending(loan: Loan, until: AbortSignal): Promise<void> {
  for (;;) {
    const wait = untilBelow(MEANWHILE, loan.life(), loan.now())
    if (wait === undefined || !(await waited(wait, until))) return
    try {
      await loan.extend(MEANWHILE)
      if (!lives(loan, MEANWHILE)) return
    } catch (error) {
      if (until.aborted) return
      loan.failed(error)
      if (isRefusal(error) || !lives(loan, NOTHING)) return
      await waited(pauseAfterFailure(loan), until)
    }
  }
}

function lives({ life, now }: Loan, share: number): boolean {
  return (untilBelow(share, life(), now()) ?? 0) > 0
}

function isRefusal(error: unknown): boolean {
  return error instanceof DbtOidcError && error.code === 'exchange'
}
