import { describe, expect, test } from '@jest/globals'
import { extended, isSameLoan, keepExtending, type Loan } from '../src/access/loan.ts'
import type { Bought } from '../src/access/purchase.ts'
import type { Credential } from '../src/credential.ts'
import { DbtOidcError, type Code } from '../src/errors.ts'
import { untilBelow } from '../src/keepalive/freshness.ts'
import type { Io } from '../src/exchange.ts'

const NOW = new Date('2026-11-24T12:00:00Z')
const at = (seconds: number): Date => new Date(NOW.getTime() + seconds * 1000)
const lease = (id: string, ends: number): Credential => ({
  kind: 'password',
  user: 'v-1',
  password: 'p',
  expiresAt: at(ends),
  lease: { token: 't', id },
})

const left = ({ boughtAt, credential }: Bought, share: number): number =>
  untilBelow(share, { boughtAt, expiresAt: credential.expiresAt }, NOW) ?? 0

/** Answers of the other side in turn, each a new end in seconds or the code of an error; the last one again and again. */
async function kept(answers: readonly (number | Code)[]): Promise<unknown> {
  let [now, expiresAt, asked] = [0, 0.1, 0]
  const told: unknown[] = []
  // A clock of its own, which goes on by whatever was waited for.
  const loan: Loan = {
    life: () => ({ boughtAt: at(expiresAt - 0.1), expiresAt: at(expiresAt) }),
    now: () => at(now),
    failed: (error) => void told.push(error instanceof DbtOidcError && error.code),
    async extend() {
      now = Math.max(now, expiresAt - 0.04)
      const answer = answers[Math.min(asked++, answers.length - 1)] ?? 0
      if (typeof answer === 'string')
        throw new DbtOidcError({ code: answer, problem: 'No.', remedy: 'None.' })
      expiresAt = Math.max(expiresAt, answer)
    },
  }
  await keepExtending(loan, AbortSignal.timeout(20_000))
  return { asked, told }
}

describe('a loan whose end is put off', () => {
  const io = { now: () => NOW } as Io
  /** Bought 60 s ago for 100 s. */
  const bought = { credential: lease('a', 40), boughtAt: at(-60), carried: {} } as Bought
  const until = async (ends: number): Promise<Bought> => {
    const exchange = { extend: async () => lease('a', ends) }
    return extended(bought, { exchange } as unknown as Parameters<typeof extended>[1], io)
  }

  test('is as fresh as at first where it lives as long again', async () => {
    expect(left(await until(100), 0.99)).toBeGreaterThan(0)
  })

  test('is no fresher where its end is no later: there is ever less of it, and no reason to ask at once again', async () => {
    const same = await until(40)
    expect([left(same, 0.3) > 0, left(same, 0.5) > 0]).toEqual([true, false])
  })

  test('is fresh where it lives longer than ever, and never from the future', async () => {
    const long = await until(1000)
    expect([left(long, 0.99) > 0, long.boughtAt <= NOW]).toEqual([true, true])
  })
})

test('two credentials are one loan by its id, whatever their ends', () => {
  const bearer: Credential = { kind: 'bearer', token: 'x', expiresAt: null }
  expect(isSameLoan(lease('a', 1), lease('a', 2))).toBe(true)
  expect(isSameLoan(lease('a', 1), lease('b', 1))).toBe(false)
  expect(isSameLoan(bearer, { ...bearer })).toBe(false)
  expect(isSameLoan(bearer, bearer)).toBe(true)
})

describe('keeping a loan', () => {
  test('goes on until the end is no later', async () => {
    expect(await kept([0.2, 0.3, 0.4, 0.4])).toEqual({ asked: 4, told: [] })
  })

  test('ends with a refusal, which is told', async () => {
    expect(await kept([0.2, 'exchange'])).toEqual({ asked: 2, told: ['exchange'] })
  })

  test('outlasts an outage, which is told each time', async () => {
    expect(await kept([0.2, 'exchange-unavailable', 0.3, 0.3])).toEqual({
      asked: 4,
      told: ['exchange-unavailable'],
    })
  })

  test('asks for nothing once it is over', async () => {
    let asked = 0
    const loan: Loan = {
      life: () => ({ boughtAt: at(-60), expiresAt: at(1) }),
      now: () => NOW,
      failed: () => undefined,
      extend: async () => void asked++,
    }
    await keepExtending(loan, AbortSignal.abort())
    expect(asked).toBe(0)
  })
})
