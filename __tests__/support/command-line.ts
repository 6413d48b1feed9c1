import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { writeFiles } from './scratch.ts'

/** How a command has ended. */
export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** What a command finds: files of its directory, its standard input, and variables. */
export interface Around {
  readonly files?: Readonly<Record<string, string>>
  readonly input?: string
  readonly env?: Readonly<Record<string, string>>
}

/** Runs the built command line in a directory of its own. */
export async function commandLine(
  args: readonly string[],
  { files = {}, input = '', env = {} }: Around = {},
): Promise<Ended> {
  const directory = mkdtempSync(join(tmpdir(), 'command-line-'))
  try {
    writeFiles(directory, { ...files })
    const script = resolve(import.meta.dirname, '..', '..', 'dist', 'cli.js')
    const child = spawn(process.execPath, [script, ...args], {
      cwd: directory,
      env: { PATH: process.env['PATH'] ?? '', HOME: directory, NO_COLOR: '1', ...env },
    })
    // Whoever refuses before it reads closes the pipe.
    child.stdin.on('error', () => undefined).end(input)
    const ended = new Promise<number | null>((done, failed) => {
      child.once('error', failed).once('close', done)
    })
    const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended])
    return { code, stdout, stderr }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
