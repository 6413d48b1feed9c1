import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const GOLDEN = join(import.meta.dirname, '..', 'golden')

/** What a text was when somebody last looked at it; `GOLDEN=write` takes the text of now, to be read in the diff. */
export function golden(name: string, text: string): string {
  const path = join(GOLDEN, name)
  if (process.env['GOLDEN'] === 'write') {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  }
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new Error(`There is no ${path}: GOLDEN=write makes it.`, { cause })
  }
}
