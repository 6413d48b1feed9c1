import { expect, test } from '@jest/globals'
import { onceAtATime } from '../scripts/once.ts'

test('what is being made is made once for all that ask meanwhile, and looked at again after that', async () => {
  const made: string[] = []
  const ensure = onceAtATime(async (name: string) => {
    made.push(name)
    await Promise.resolve()
    return `${name} ${made.length}`
  })
  expect(await Promise.all([ensure('dbt'), ensure('uv'), ensure('dbt')])).toEqual(['dbt 2', 'uv 2', 'dbt 2'])
  expect(await ensure('dbt')).toBe('dbt 3')
  expect(made).toEqual(['dbt', 'uv', 'dbt'])
})

test('a failure is told to all that asked, and the next one tries again', async () => {
  const results = ['cut off', '']
  const ensure = onceAtATime(async () => {
    const problem = results.shift()
    if (problem) throw new Error(problem)
    return 'whole'
  })
  const both = await Promise.allSettled([ensure('dbt'), ensure('dbt')])
  expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  expect(await ensure('dbt')).toBe('whole')
})
