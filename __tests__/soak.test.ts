import { expect, test } from '@jest/globals'
import { soak } from '../scripts/soak/soak.ts'

// By requests and not by the clock: on a machine that is busy a renewal may come at any moment.
const away = (_seconds: number, requests: number): boolean => requests === 2 || requests === 3

test('a broker in a process of its own refuses nobody, also while GitHub is away, and buys no token too soon', async () => {
  const figures = await soak({ seconds: 5, rate: 100, life: 35, away, least: 3, look: 2 })
  expect(figures.reasons).toEqual([])
  expect(figures).toMatchObject({ served: figures.asked, refused: 0, early: 0, away: 2 })
  expect(figures.asked).toBeGreaterThanOrEqual(500)
  expect(figures.minted).toBeGreaterThanOrEqual(3)
  expect(figures.onRecord).toBe(figures.minted)
  expect(figures.memory.length).toBeGreaterThan(0)
})
