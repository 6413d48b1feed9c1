import { describe, expect, test } from '@jest/globals'
import { onceEach } from '../src/access/words.ts'
import { keepRenewing } from '../src/keepalive/renewal.ts'

const MINUTE = 60_000

type Outcome = 'newer' | 'same' | 'refused'

/** The times of all attempts within some hours of the renewal's own clock; `renew` says what the attempt of a number gives. */
async function attemptsWithin(
  hours: number,
  renew: (attempt: number) => Outcome,
): Promise<readonly number[]> {
  let now = 0
  let [boughtAt, expiresAt] = [0, 60 * MINUTE]
  const attempts: number[] = []
  const what = {
    life: () => ({ boughtAt: new Date(boughtAt), expiresAt: new Date(expiresAt) }),
    now: () => new Date(now),
    failed: () => undefined,
    renew: async () => {
      const outcome = renew(attempts.push(now))
      if (outcome === 'refused') throw new Error('refused')
      boughtAt = now
      if (outcome === 'newer') expiresAt = now + 60 * MINUTE
    },
  }
  await keepRenewing(what, new AbortController().signal, async (milliseconds) => {
    now += Math.max(milliseconds, 0)
    return now < hours * 60 * MINUTE
  })
  return attempts
}

describe('a renewal', () => {
  test('comes when 40 % of the life is left, and then not before the next', async () => {
    const attempts = await attemptsWithin(3, () => 'newer')
    expect(attempts).toEqual([36, 72, 108, 144].map((minutes) => minutes * MINUTE))
  })

  test.each<Outcome>(['same', 'refused'])(
    'that gives nothing newer (%s) is tried again and again, and at most twice a minute for hours',
    async (outcome) => {
      const attempts = await attemptsWithin(10, () => outcome)
      const late = attempts.filter((at) => at > 65 * MINUTE)
      expect(attempts.length - late.length).toBeLessThan(100)
      expect(late.length).toBeLessThanOrEqual(9 * 60 * 2)
      expect(late.length).toBeGreaterThan(9 * 60)
    },
  )

  test('has the newer token that somebody else puts there, before the old one ends', async () => {
    const attempts = await attemptsWithin(2, (attempt) => (attempt > 2 ? 'newer' : 'same'))
    expect(attempts[2]).toBeLessThan(60 * MINUTE)
  })
})

test('a failure is told once, and again when it has become another or comes after another', () => {
  const said: string[] = []
  const failed = onceEach(String, (text) => said.push(text))
  for (const error of ['away', 'away', 'ended', 'ended', 'away']) failed(error)
  expect(said).toEqual(['away', 'ended', 'away'])
})
