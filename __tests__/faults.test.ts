import { describe, expect, test } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { FAULTS } from './hostile/faults.ts'
import { saysWhole, titlesIn } from './support/titles.ts'

// Every fault of the tables is brought about by a test that is named for it.

describe.each(Object.entries(FAULTS))('faults of %s', (_family, rows) => {
  test.each(Object.entries(rows))('%s', (_fault, [file, title]) => {
    const source = readFileSync(join(import.meta.dirname, file), 'utf8')
    const isThere = titlesIn(source).has(title) || saysWhole(source, title) || source.includes(`\n${title}\n`)
    expect([title, isThere]).toEqual([title, true])
  })
})
