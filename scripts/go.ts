import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A program that is built from a Go module of `toolchain/`. */
export interface GoProgram {
  /** The folder of `toolchain/` and of `.cache/`, and the name of the program. */
  readonly name: string
  /** In words, for who waits for it. */
  readonly what: string
  /** The package to build; default, the module's own. */
  readonly of?: string
}

const ROOT = join(import.meta.dirname, '..')

/** Where the program stands once it is built. */
export function pathOf({ name }: GoProgram): string {
  return join(ROOT, '.cache', name, process.platform === 'win32' ? `${name}.exe` : name)
}

/** Builds the program where it is not there yet, or was built from another module; `go.sum` says what goes in. */
export async function ensureGo(program: GoProgram): Promise<string> {
  const source = join(ROOT, 'toolchain', program.name)
  const directory = join(ROOT, '.cache', program.name)
  const path = pathOf(program)
  const sources = readdirSync(source).toSorted()
  const bytes = sources.map((file) => readFileSync(join(source, file)))
  const digest = createHash('sha256').update(Buffer.concat(bytes)).digest('hex')
  const stamp = join(directory, '.made-from')
  if (existsSync(path) && existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return path
  if (spawnSync('go', ['version']).status !== 0)
    throw new Error(`${capital(program.what)} is built from Go modules, and there is no \`go\` on PATH.`)
  process.stderr.write(`Building ${program.what} (once, half a minute) ...\n`)
  mkdirSync(directory, { recursive: true })
  const child = spawn('go', ['build', '-trimpath', '-o', path, program.of ?? '.'], {
    cwd: source,
    stdio: ['ignore', 2, 2],
    env: { ...process.env, GOFLAGS: '' },
  })
  const [code] = await once(child, 'exit')
  if (code !== 0) throw new Error('go build failed; what it says stands above.')
  writeFileSync(stamp, digest)
  return path
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
