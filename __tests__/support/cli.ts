import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { writeFiles } from './scratch.ts'

/** What a run of the command line came to. */
export interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** The built command line. */
export const CLI = resolve(import.meta.dirname, '..', '..', 'dist', 'cli.js')

/** Runs the built command line in a directory with these files. */
export async function cli(
  args: readonly string[],
  files: Record<string, string>,
  more: Readonly<Record<string, string>> = {},
  node = process.execPath,
  input = '',
): Promise<Ended & { files: string[] }> {
  const directory = mkdtempSync(join(tmpdir(), 'cli-'))
  try {
    writeFiles(directory, files)
    const env = { PATH: process.env['PATH'] ?? '', NO_COLOR: '1', ...more }
    const ended = await new Promise<Ended>((done) => {
      const child = execFile(node, [CLI, ...args], { cwd: directory, env }, (error, stdout, stderr) =>
        done({ code: error ? Number(error.code) : 0, stdout, stderr }),
      )
      // Whoever refuses before it reads closes the pipe.
      child.stdin?.on('error', () => undefined).end(input)
    })
    return { ...ended, files: readdirSync(directory, { recursive: true }).map(String) }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
