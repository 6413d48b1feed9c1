// Brings what the suites need that is not in the repository: for those that are named, else for all.
import { bring, NEEDS, type Suite } from '../needs.ts'
import { task } from '../task.ts'

await task(async () => {
  const known = Object.keys(NEEDS) as Suite[]
  const named = process.argv.slice(2)
  const unknown = named.filter((name) => !known.some((one) => one === name))
  if (unknown.length > 0)
    throw new Error(`There is no suite ${unknown.join(', ')}; there are ${known.join(', ')}.`)
  await bring(...known.filter((one) => named.length === 0 || named.includes(one)))
  return 0
})
