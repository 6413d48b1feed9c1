import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'

const ROOT = dirname(import.meta.dirname)
const DIRECTORY = join(ROOT, '.cache', 'act')
const PACKAGE = 'github.com/nektos/act'
const VERSION = '0.2.89'

/** The path of `act`, an independent runner of workflows; built from its Go module where it is not there yet. */
export async function ensureAct(): Promise<string> {
  const act = join(DIRECTORY, process.platform === 'win32' ? 'act.exe' : 'act')
  if (versionOf(act) === VERSION) return act
  const go = spawnSync('go', ['version'], { encoding: 'utf8' })
  if (go.status !== 0)
    throw new Error(
      `act ${VERSION} is built from its Go module, and there is no \`go\` on PATH: install Go 1.25 or later.`,
    )
  await build(act)
  const built = versionOf(act)
  if (built === VERSION) return act
  throw new Error(
    `go install made ${act}, but that says it is version ${built ?? 'unknown'} and not ${VERSION}.`,
  )
}

async function build(act: string): Promise<void> {
  const started = Date.now()
  const elapsed = (): number => Math.round((Date.now() - started) / 1000)
  process.stderr.write(`Building act ${VERSION} (once, about a minute) ...\n`)
  mkdirSync(DIRECTORY, { recursive: true })
  const ticker = setInterval(() => process.stderr.write(`  still at it, ${elapsed()} s\n`), 10_000)
  const child = spawn('go', ['install', `-ldflags=-X main.version=${VERSION}`, `${PACKAGE}@v${VERSION}`], {
    stdio: ['ignore', 2, 2],
    env: { ...process.env, GOBIN: dirname(act), GOFLAGS: '' },
  })
  const [code] = await once(child, 'exit')
  clearInterval(ticker)
  if (code !== 0) throw new Error(`go install of act ${VERSION} failed; what it says stands above.`)
  process.stderr.write(`  done in ${elapsed()} s\n`)
}

function versionOf(act: string): string | undefined {
  const { status, stdout } = spawnSync(act, ['--version'], { encoding: 'utf8' })
  return status === 0 ? /\d+\.\d+\.\d+/.exec(stdout)?.[0] : undefined
}
