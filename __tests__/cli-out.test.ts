import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writeAll } from '../src/cli/out.ts'
import { shown, titled } from '../src/cli/titled.ts'
import type { Made } from '../src/trust/together.ts'

function made(targets: string[], more: Partial<Made> = {}): Made {
  return { targets, title: 'A title', language: 'sql', text: 'X;', heldThere: [], checkedHere: [], ...more }
}

const MANIFEST = '.dbt-oidc-trust.json'
let parent: string
let directory: string
const removed: string[] = []

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'out-'))
  directory = join(parent, 'trust')
  removed.length = 0
  jest.spyOn(process.stdout, 'write').mockReturnValue(true)
  // Node's warnings and what jest has buffered come the same way, whenever they like: only what names our directory is ours.
  jest.spyOn(process.stderr, 'write').mockImplementation((text) => {
    if (String(text).includes(parent)) removed.push(String(text))
    return true
  })
})

afterEach(() => {
  jest.restoreAllMocks()
  rmSync(parent, { recursive: true })
})

const files = (): readonly string[] =>
  readdirSync(directory)
    .filter((name) => name !== MANIFEST)
    .toSorted()

describe('a directory of trust documents', () => {
  test('loses what an earlier run wrote and the policy no longer asks for, and nothing else', async () => {
    await writeAll([made(['prod']), made(['ci'], { language: 'sh' })], undefined, directory)
    expect(files()).toEqual(['ci-2.sh', 'prod-1.sql'])
    writeFileSync(join(directory, 'notes.sql'), '-- mine')
    await writeAll([made(['prod'], { language: 'sh' })], undefined, directory)
    expect(files()).toEqual(['notes.sql', 'prod-1.sh'])
    expect(removed).toEqual(['prod-1.sql', 'ci-2.sh'].map((name) => `removed ${join(directory, name)}\n`))
  })

  test('is not written through a link: neither one that a checkout brings nor one in the place of a document', async () => {
    const precious = join(parent, 'precious')
    writeFileSync(precious, 'untouched')
    mkdirSync(directory)
    symlinkSync(precious, join(directory, 'prod-1.sql'))
    await expect(writeAll([made(['prod'])], undefined, directory)).rejects.toThrow('was not written for')
    rmSync(join(directory, 'prod-1.sql'))
    await writeAll([made(['prod'])], undefined, directory)
    rmSync(join(directory, 'prod-1.sql'))
    symlinkSync(precious, join(directory, 'prod-1.sql'))
    await writeAll([made(['prod'])], undefined, directory)
    expect(readFileSync(precious, 'utf8')).toBe('untouched')
    expect(lstatSync(join(directory, 'prod-1.sql')).isFile()).toBe(true)
  })

  test('keeps what stands for other targets, where some are named', async () => {
    await writeAll([made(['prod']), made(['ci'])], undefined, directory)
    await writeAll([made(['ci'], { language: 'sh' })], ['ci'], directory)
    expect(files()).toEqual(['ci-1.sh', 'prod-1.sql'])
    expect(JSON.parse(readFileSync(join(directory, MANIFEST), 'utf8'))).toEqual({
      'ci-1.sh': ['ci'],
      'prod-1.sql': ['prod'],
    })
  })

  test('names what is a file on the other side by its name there', async () => {
    const file = { host: 'trino:443', path: 'etc/dbt-oidc-users.json' }
    await writeAll([made(['prod']), made(['prod', 'ci'], { language: 'json', file })], undefined, directory)
    expect(files()).toEqual(['prod+ci-2-dbt-oidc-users.json', 'prod-1.sql'])
  })

  test.each([
    '../../etc/passwd',
    '..',
    '/tmp/x',
    'a/b',
    'a\\b',
    '.dbt-oidc-trust',
    'x'.repeat(400),
    'a\u0000b',
  ])('is not left by the target %j', async (target) => {
    await writeAll([made([target]), made([target.replaceAll('/', '_')])], undefined, directory)
    expect(readdirSync(parent)).toEqual(['trust'])
    expect(files()).toHaveLength(2)
    expect(files().every((name) => /^[\w-]+\.sql$/.test(name))).toBe(true)
    // What was written is known again.
    await writeAll([], undefined, directory)
    expect(files()).toEqual([])
  })
})

test('the title is a comment where there are any', () => {
  expect(titled(made([]))).toBe('-- A title\nX;')
  expect(titled(made([], { language: 'properties' }))).toBe('# A title\nX;')
  expect(titled(made([], { language: 'json', text: '{}' }))).toBe('{}')
  expect(shown(made([], { language: 'json', text: '{}' }), true)).toBe('# A title\n{}')
  expect(shown(made([], { language: 'json', text: '{}' }), false)).toBe('{}')
})
