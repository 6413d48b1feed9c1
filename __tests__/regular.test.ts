import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readProjectFile } from '../src/dbt/project.ts'
import { appendLine, readRegular } from '../src/regular.ts'

let root = ''
let workspace = ''
const at = (name: string): string => join(workspace, name)

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'regular-')))
  workspace = join(root, 'work')
  mkdirSync(workspace)
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

describe('a file is read', () => {
  test('where it is a regular one, through a link as well', async () => {
    writeFileSync(at('a'), 'text ü')
    symlinkSync('a', at('b'))
    expect(await readRegular(at('a'))).toEqual({ kind: 'text', text: 'text ü' })
    expect(await readRegular(at('b'))).toEqual({ kind: 'text', text: 'text ü' })
  })

  test('only up to a size', async () => {
    writeFileSync(at('a'), 'x'.repeat(1024))
    expect(await readRegular(at('a'), 1024)).toMatchObject({ kind: 'text' })
    expect(await readRegular(at('a'), 1023)).toEqual({ kind: 'unreadable', why: 'it is larger than 1 KiB' })
    writeFileSync(at('b'), 'x'.repeat(1024 * 1024 + 1))
    expect(await readRegular(at('b'))).toEqual({ kind: 'unreadable', why: 'it is larger than 1 MiB' })
  })

  test.each(['/dev/zero', '/dev/null'])('not where it is a link to %s', async (device) => {
    symlinkSync(device, at('a'))
    expect(await readRegular(at('a'))).toEqual({ kind: 'unreadable', why: 'it is no regular file' })
  })

  test('not where it is a pipe, which would never end', async () => {
    execFileSync('mkfifo', [at('a')])
    expect(await readRegular(at('a'))).toEqual({ kind: 'unreadable', why: 'it is no regular file' })
  })

  test('not where it is missing or a directory', async () => {
    expect(await readRegular(at('a'))).toEqual({ kind: 'missing' })
    expect(await readRegular(join(workspace, 'a', 'b'))).toEqual({ kind: 'missing' })
    expect(await readRegular(workspace)).toEqual({ kind: 'directory' })
  })

  test('of a project no differently', async () => {
    symlinkSync('/dev/zero', at('dbt_project.yml'))
    await expect(readProjectFile(workspace)).rejects.toMatchObject({
      code: 'project',
      problem: `${at('dbt_project.yml')} cannot be read: it is no regular file.`,
    })
  })
})

describe('a line is appended', () => {
  test('to a file that is there, or that is made', async () => {
    await appendLine(at('a'), 'one', workspace)
    await appendLine(at('a'), 'two', workspace)
    await appendLine(join(root, 'b'), 'three', workspace)
    expect([readFileSync(at('a'), 'utf8'), readFileSync(join(root, 'b'), 'utf8')]).toEqual([
      'one\ntwo\n',
      'three\n',
    ])
  })

  test('not to a pipe, neither with nor without a reader', async () => {
    execFileSync('mkfifo', [at('a')])
    const refused = { code: 'file', problem: expect.stringContaining('it is no regular file') }
    await expect(appendLine(at('a'), 'x', workspace)).rejects.toMatchObject(refused)
  })

  test('not through a link', async () => {
    writeFileSync(at('a'), '')
    symlinkSync('a', at('b'))
    await expect(appendLine(at('b'), 'x', workspace)).rejects.toMatchObject({ code: 'file' })
  })

  test('not below a link of the checkout that leads out of it', async () => {
    mkdirSync(join(root, 'outside'))
    symlinkSync(join(root, 'outside'), at('logs'))
    await expect(appendLine(join(at('logs'), 'a'), 'x', workspace)).rejects.toMatchObject({
      code: 'file',
      problem: expect.stringContaining('a link leads out of the workspace'),
    })
    mkdirSync(at('inside'))
    symlinkSync('inside', at('within'))
    await appendLine(join(at('within'), 'a'), 'x', workspace)
    expect(readFileSync(join(at('inside'), 'a'), 'utf8')).toBe('x\n')
  })
})
