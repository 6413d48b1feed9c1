import { describe, expect, test } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '..')
const TASKS = readdirSync(join(ROOT, 'scripts', 'tasks')).map((file) => file.replace(/\.ts$/, ''))

function help(...words: readonly string[]) {
  const env = { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '' }
  return spawnSync(process.execPath, ['scripts/start.mjs', ...words], { cwd: ROOT, env, encoding: 'utf8' })
}

describe('a task that is asked what it does', () => {
  test.each(TASKS)('%s says so, and does nothing', (name) => {
    const { status, stdout, stderr } = help(name, '--help')
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toMatch(/^(Usage: |npm run )?\S.{20,}/)
    expect(stdout).not.toMatch(/\d passed/)
  })

  test('is listed with all others', () => {
    const { stdout } = help('--help')
    for (const name of TASKS) expect(stdout).toMatch(new RegExp(`^  ${name} +\\S`, 'm'))
  })
})
