import { expect, test } from '@jest/globals'
import { soak } from '../scripts/soak/soak.ts'

test('a broker in a process of its own refuses nobody, also while GitHub is away, and buys no token too soon', async () => {
  const outage = { round: 60, from: 2, to: 4 }
  const figures = await soak({ seconds: 5, rate: 100, life: 35, outage, look: 2 })
  expect(figures).toMatchObject({ asked: 500, served: 500, refused: 0, early: 0 })
  expect(figures.away).toBeGreaterThan(0)
  expect(figures.minted).toBeGreaterThan(1)
  expect(figures.onRecord).toBe(figures.minted)
  expect(figures.memory.length).toBeGreaterThan(0)
})
