import { expect, test } from '@jest/globals'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { parseFileCommands, parsePathFile } from './support/runner-files.ts'
import { runs, within } from './support/runs.ts'
import { createScratch, removeScratch } from './support/scratch.ts'
import { createCommandFiles } from './support/step-env.ts'

const HOST = join(import.meta.dirname, '..', 'src', 'host.ts')

/** Whatever a value could hold that would end it, begin another one, or pass for a mark. */
const value = fc
  .array(
    fc.oneof(
      fc.constantFrom('\n', '\r\n', '\r', '=', '<<', '<<EOF', 'EOF', '\nEOF\n', 'NAME=x', '\nPATH=/evil\n'),
      fc.constantFrom(
        'ghadelimiter_',
        '\nghadelimiter_00000000-0000-4000-8000-000000000000\n',
        '\ufeff',
        ' ',
      ),
      fc.string({ unit: 'binary', maxLength: 6 }).map((text) => text.replaceAll('\0', '')),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(''))

/** Writes each value as an output, a variable and a state, by the host of a step, and a directory for PATH. */
const SCRIPT = `
const { openHost } = await import(${JSON.stringify(HOST)})
const { readFileSync } = await import('node:fs')
const never = new AbortController().signal
const host = openHost(process.env, { signal: never, kill: never })
const values = JSON.parse(readFileSync(process.env.VALUES, 'utf8'))
for (const [at, value] of values.entries())
  for (const write of [host.output, host.exportVariable, host.saveState]) write('NAME_' + at, value)
host.addPath('/one')
`

test(
  'whatever an output, a variable or a state holds, the runner reads it back as that one value and no other',
  async () => {
    const scratch = createScratch()
    try {
      const files = createCommandFiles(scratch)
      const values = fc.sample(value, runs(1000)).map((text) => text.toWellFormed())
      const VALUES = join(scratch.home, 'values.json')
      writeFileSync(VALUES, JSON.stringify(values))
      const child = spawn(process.execPath, ['--input-type=module', '-e', SCRIPT], {
        stdio: ['ignore', 'ignore', 'inherit'],
        env: {
          NODE_OPTIONS: '--disable-warning=ExperimentalWarning',
          VALUES,
          GITHUB_OUTPUT: files.output,
          GITHUB_ENV: files.env,
          GITHUB_STATE: files.state,
          GITHUB_PATH: files.path,
        },
      })
      expect(await once(child, 'exit')).toEqual([0, null])
      const written = values.map((text, at) => [`NAME_${at}`, text] as const)
      for (const path of [files.output, files.env, files.state])
        expect([...parseFileCommands(readFileSync(path, 'utf8'))]).toEqual(written)
      expect(parsePathFile(readFileSync(files.path, 'utf8'))).toEqual(['/one'])
    } finally {
      removeScratch(scratch)
    }
  },
  within(60_000),
)
