import { expect, test } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

test('a program of the tests is read as it is written, whatever lies above the folder of all of them', () => {
  const above = mkdtempSync(join(tmpdir(), 'above-'))
  try {
    writeFileSync(join(above, 'package.json'), '{ "type": "module" }')
    const folder = join(above, 'tests')
    mkdirSync(folder)
    const code = `const { default: open } = await import(process.argv[1])\nopen()\nconsole.log(process.env.TMPDIR)`
    const config = join(import.meta.dirname, '..', 'jest.temp.mjs')
    const place = execFileSync(process.execPath, ['--input-type=module', '-e', code, config], {
      env: { ...process.env, TMPDIR: folder },
      encoding: 'utf8',
    }).trim()
    writeFileSync(join(place, 'dbt'), `console.log(require('node:path').sep)`)
    expect(execFileSync(process.execPath, [join(place, 'dbt')], { encoding: 'utf8' }).trim()).toBe('/')
  } finally {
    rmSync(above, { recursive: true, force: true })
  }
})
