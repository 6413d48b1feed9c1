import { afterEach, beforeEach, expect, jest, test } from '@jest/globals'
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writeAll } from '../src/cli/out.ts'

type Made = Parameters<typeof writeAll>[0][number]

let directory = ''

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'out-'))
  jest.spyOn(process.stdout, 'write').mockReturnValue(true)
})

afterEach(() => {
  jest.restoreAllMocks()
  rmSync(directory, { recursive: true })
})

const document = (text: string): Made => ({
  targets: ['prod'],
  title: 'prod',
  language: 'sql',
  text,
  heldThere: [],
  checkedHere: [],
})

test('a document takes the place of an earlier one', async () => {
  await writeAll([document('one')], directory)
  await writeAll([document('two')], directory)
  expect(readdirSync(directory)).toEqual(['prod-1.sql'])
  expect(readFileSync(join(directory, 'prod-1.sql'), 'utf8')).toBe('two\n')
})

test('a document is never written through a link', async () => {
  const precious = join(directory, 'precious')
  writeFileSync(precious, 'untouched')
  symlinkSync(precious, join(directory, 'prod-1.sql'))
  await expect(writeAll([document('one')], directory)).rejects.toMatchObject({ code: 'file' })
  expect(readFileSync(precious, 'utf8')).toBe('untouched')
  expect(readdirSync(directory)).toEqual(['precious', 'prod-1.sql'])
})
