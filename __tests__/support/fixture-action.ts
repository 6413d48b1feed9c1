import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { writeFiles } from './scratch.ts'

/** Writes a small action to try the test support on, and returns its `dist`. */
export function writeAction(directory: string, main: string, post = '', inputs = ''): string {
  const dist = join(directory, 'dist')
  mkdirSync(dist, { recursive: true })
  const prelude = `const fs = require('node:fs'), cp = require('node:child_process'), env = process.env
const put = (name, text) => fs.appendFileSync(env['GITHUB_' + name], text)
`
  writeFiles(directory, {
    'action.yml': `name: fixture\ninputs:\n${inputs}  none:\n    description: nothing\n`,
    'dist/main.js': prelude + main,
    'dist/post.js': prelude + post,
  })
  return dist
}
