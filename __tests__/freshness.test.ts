import { describe, expect, test } from '@jest/globals'
import { sinceThen, untilBelow } from '../src/keepalive/freshness.ts'
import { waited } from '../src/keepalive/wait.ts'

const at = (time: string): Date => new Date(`2026-11-24T${time}Z`)
const LIFE = { boughtAt: at('02:00:00'), expiresAt: at('03:00:00') }
const HELD = { ...LIFE, since: 5000 }
const after = (minutes: number): number => 5000 + minutes * 60_000

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

describe('a clock that was set back while something is held', () => {
  test('leaves nothing of its life, since whoever reads its end by that clock would use it beyond', () => {
    // Fifty minutes have passed, and the clock says ten.
    expect(untilBelow(0, HELD, at('02:10:00'), after(50))).toBeLessThan(0)
    expect(untilBelow(0, HELD, at('02:10:00'), after(10))).toBe(50 * 60_000)
  })

  test('by no more than a time server does makes nothing live longer', () => {
    expect(untilBelow(0, HELD, at('02:59:30'), after(60))).toBeLessThanOrEqual(0)
    expect(untilBelow(0.4, HELD, at('02:10:00'), after(10.5))).toBe(25.5 * 60_000)
  })

  test('is not that of a machine that slept, whose clock nobody sets stood still', () => {
    expect(untilBelow(0, HELD, at('02:50:00'), after(10))).toBe(10 * 60_000)
  })

  test('began when it was bought, also in another process', () => {
    const ago = performance.now() - sinceThen(at('02:00:00'), at('02:10:00'))
    expect(Math.abs(ago - 10 * 60_000)).toBeLessThan(60_000)
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
