import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { filesBelow } from './scratch.ts'

/** The argument lists of everything that runs on this machine. */
export function argumentsNow(): string {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return pids.map((pid) => attempt(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8'))).join('\n')
}

function attempt(read: () => string): string {
  try {
    return read()
  } catch {
    return '' // it has ended
  }
}

const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8)

/** Every file below a directory in which a text stands, with its mode and that of its directory. */
export function holding(directory: string, needle: string): string[] {
  const files = filesBelow(directory).filter((path) => readFileSync(join(directory, path)).includes(needle))
  return files.map((path) => {
    const file = join(directory, path)
    return `${path.split('/').at(-1)} ${modeOf(file)} in ${modeOf(dirname(file))}`
  })
}
