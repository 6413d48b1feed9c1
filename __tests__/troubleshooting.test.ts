import { describe, expect, test } from '@jest/globals'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { EXPLAINED } from '../scripts/generate/codes.ts'
import { anchorsOf } from './support/pages.ts'

const SRC = join(import.meta.dirname, '..', 'src')
const SOURCES = readdirSync(SRC, { recursive: true })
  .map(String)
  .filter((name) => name.endsWith('.ts'))
  .map((name) => readFileSync(join(SRC, name), 'utf8').replaceAll('\\`', '`'))
  .join('\n')

describe.each(Object.entries(EXPLAINED))('the code %s', (code, { looks }) => {
  test('has an anchor of its own on the page', () => {
    expect([...anchorsOf('docs/troubleshooting.md')]).toContain(code)
  })

  test('is shown by a line that the sources have', () => {
    const pieces = [looks].flat().flatMap((one) => one.split('…'))
    expect(pieces.filter((piece) => !SOURCES.includes(piece))).toEqual([])
    expect(pieces.some((piece) => piece.trim().length > 6)).toBe(true)
  })
})
