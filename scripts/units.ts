import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const TESTS = join(dirname(import.meta.dirname), '__tests__')

/** What only some systems have: programs, processes, rights, links, devices, Unix's own paths. */
const SYSTEM =
  /from 'node:child_process'|\b(?:symlinkSync|symlink|chmodSync|chmod|mkfifo|umask|chown)\b|'\/(?:proc|dev|tmp|usr|bin)\b|fixture-dist|process\.getuid/

const IMPORT = /from '(\.{1,2}\/[^']+\.ts)'/g

/**
 * The files of tests that need nothing of the system, by what they and their own helpers import: a new one joins by
 * itself. What of the action itself starts programs is told by a test what it would start.
 */
export function unitTests(): readonly string[] {
  return readdirSync(TESTS)
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => join(TESTS, name))
    .filter((file) => isPlain(file, new Set()))
}

function isPlain(file: string, seen: Set<string>): boolean {
  if (seen.has(file)) return true
  seen.add(file)
  const text = readFileSync(file, 'utf8')
  if (SYSTEM.test(text)) return false
  return [...text.matchAll(IMPORT)]
    .map(([, path = '']) => join(dirname(file), path))
    .filter((path) => path.startsWith(TESTS))
    .every((path) => isPlain(path, seen))
}
