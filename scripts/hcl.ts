import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '..')
const SOURCE = join(ROOT, 'toolchain', 'hcl')
const DIRECTORY = join(ROOT, '.cache', 'hcl')

/** Where the reader stands once it is built. */
export const HCL = join(DIRECTORY, process.platform === 'win32' ? 'hcl.exe' : 'hcl')

/** A reader of Terraform's language by HashiCorp's own parser; built from its Go module where it is not there yet. */
export async function ensureHcl(): Promise<void> {
  const sources = ['go.mod', 'go.sum', 'main.go'].map((name) => readFileSync(join(SOURCE, name)))
  const digest = createHash('sha256').update(Buffer.concat(sources)).digest('hex')
  const stamp = join(DIRECTORY, '.made-from')
  if (existsSync(HCL) && existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return
  if (spawnSync('go', ['version']).status !== 0)
    throw new Error(
      "The reader of Terraform's language is built from Go modules, and there is no `go` on PATH.",
    )
  process.stderr.write("Building the reader of Terraform's language (once, half a minute) ...\n")
  mkdirSync(DIRECTORY, { recursive: true })
  const child = spawn('go', ['build', '-trimpath', '-o', HCL, '.'], {
    cwd: SOURCE,
    stdio: ['ignore', 2, 2],
    env: { ...process.env, GOFLAGS: '' },
  })
  const [code] = await once(child, 'exit')
  if (code !== 0) throw new Error('go build failed; what it says stands above.')
  writeFileSync(stamp, digest)
}
