import { spawn } from 'node:child_process'
import { once } from 'node:events'

export interface CommandOptions {
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
}

/** Runs a command to its end, tells every ten seconds that it is still at it, and throws with what it said. */
export async function runCommand(
  what: string,
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<void> {
  const started = Date.now()
  const elapsed = (): number => Math.round((Date.now() - started) / 1000)
  process.stderr.write(`${what} ...\n`)
  const ticker = setInterval(() => process.stderr.write(`  still at it, ${elapsed()} s\n`), 10_000)
  let said = ''
  try {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        said = (said + text).slice(-4000)
      })
    }
    const [code] = await once(child, 'close')
    if (code !== 0)
      throw new Error(`${what}: ${command} ended with exit code ${String(code)}.\n${said.trim()}`)
  } finally {
    clearInterval(ticker)
  }
  process.stderr.write(`  done in ${elapsed()} s\n`)
}
