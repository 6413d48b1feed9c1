import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { titled } from '../src/cli/titled.ts'
import type { TrustDocument, TrustFormat } from '../src/trust.ts'
import { golden } from './support/golden.ts'
import { CASES } from './support/trust/cases.ts'
import { wayNamed, WAYS } from './support/trust/ways.ts'

const fileOf = (title: string, format: TrustFormat): string =>
  `trust/${title.replaceAll(/[^\w]+/g, '-')}.${format}.txt`

describe('the trust of each way', () => {
  test.each(CASES)('$title as $format is what somebody has read', async ({ title, name, asked, format }) => {
    const text = (await wayNamed(name).documents(format, asked))
      .map((document) => `${titled(document).trimEnd()}\n`)
      .join('\n')
    expect(text).toBe(golden(fileOf(title, format), text))
  })

  test('is read for all of them and for no others', () => {
    const read = readdirSync(join(import.meta.dirname, 'golden', 'trust'))
    expect(read.map((name) => `trust/${name}`).toSorted()).toEqual(
      CASES.map(({ title, format }) => fileOf(title, format)).toSorted(),
    )
  })
})

/** Who compares what, each answer of a document once. */
function holding(documents: readonly TrustDocument[]): readonly string[] {
  const held = documents
    .filter(({ heldThere, checkedHere }) => heldThere.length + checkedHere.length > 0)
    .map(({ heldThere, checkedHere }) => JSON.stringify([heldThere.toSorted(), checkedHere.toSorted()]))
  return [...new Set(held)]
}

describe('as Terraform', () => {
  test.each(WAYS)('$name holds the claims that its commands hold', async (way) => {
    expect(holding(await way.documents('terraform'))).toEqual(holding(await way.documents('commands')))
  })

  test('every platform is written in it but Trino, whose server has files, and what this project does not know', async () => {
    const each = WAYS.map(async (way) => ({ name: way.name, written: await way.documents('terraform') }))
    const without = (await Promise.all(each)).filter(
      ({ written }) => !written.some(({ language }) => language === 'hcl'),
    )
    expect(without.map(({ name }) => name).toSorted()).toEqual(['other-direct', 'trino-direct'])
  })
})
