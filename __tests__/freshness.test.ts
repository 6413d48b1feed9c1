import { describe, expect, test } from '@jest/globals'
import { untilBelow } from '../src/keepalive/freshness.ts'
import { waited } from '../src/keepalive/wait.ts'

const at = (time: string): Date => new Date(`2026-11-24T${time}Z`)
const LIFE = { boughtAt: at('02:00:00'), expiresAt: at('03:00:00') }

describe('how much of a life is left', () => {
  test('is told in milliseconds until it is less than a share', () => {
    expect(untilBelow(0.4, LIFE, at('02:10:00'))).toBe(26 * 60_000)
    expect(untilBelow(0.4, LIFE, at('02:50:00'))).toBe(-14 * 60_000)
    expect(untilBelow(0.4, { ...LIFE, expiresAt: null }, at('02:50:00'))).toBeUndefined()
  })

  test('is nothing once the clock was set back behind the purchase, since nobody knows how much has passed', () => {
    expect(untilBelow(0, LIFE, at('01:30:00'))).toBeLessThan(0)
    // What a time server corrects is no reason to buy anew.
    expect(untilBelow(0, LIFE, at('01:59:30'))).toBeGreaterThan(0)
  })
})

describe('a wait', () => {
  const NEVER = new AbortController().signal

  test('of more than the 24.8 days of a timer ends neither at once nor early', async () => {
    const pauses: number[] = []
    expect(await waited(60 * 86_400_000, NEVER, async (milliseconds) => pauses.push(milliseconds))).toBe(true)
    expect(Math.max(...pauses)).toBeLessThan(2 ** 31)
    expect(pauses.reduce((sum, pause) => sum + pause)).toBe(60 * 86_400_000)
  })

  test('ends with false as soon as it is called off', async () => {
    const off = new AbortController()
    const wait = waited(60_000, off.signal)
    off.abort()
    expect(await wait).toBe(false)
  })
})
