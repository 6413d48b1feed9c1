import { fstatSync } from 'node:fs'
import { jsonOf } from '../json.ts'
import { disarmed } from '../policy/visible.ts'
import { neutralise } from '../report/neutralise.ts'

/** What this command line paints with, and no other sequence. Built from text, since control characters in a literal are easily lost. */
const ESC = '\u001b'
const COLOUR = new RegExp(`(${ESC}\\[(?:[0127]|22|3[123]|1;3[136])m)`)

/**
 * Prints what people read. Names and texts of others (policy, workflows, statements, answers of servers) stand in it: none
 * of them tells the terminal anything, nor a runner whose log this is.
 */
export function print(text: string): void {
  process.stdout.write(`${readable(text)}\n`)
}

/** The same beside what was asked for. */
export function printBeside(text: string): void {
  process.stderr.write(`${readable(text)}\n`)
}

/** Prints data: the same data, whatever is escaped. */
export function printJson(data: unknown): void {
  process.stdout.write(`${jsonOf(data)}\n`)
}

/**
 * Prints what another program reads on, to the byte; nothing of it is painted. A terminal obeys none of it, nor does a
 * runner whose log this is: there only a file (`> FILE`) gets the bytes.
 */
export function printDocument(text: string): void {
  if (process.stdout.isTTY) return void process.stdout.write(`${forLog(disarmed(text))}\n`)
  if (isFile(process.stdout.fd)) return void process.stdout.write(`${text}\n`)
  const shown = forLog(text)
  process.stdout.write(`${shown}\n`)
  if (shown !== text)
    printBeside(
      '! Something in it would be a command to the runner, and has a backslash before it here. To have it to the byte, write it into a file: `> FILE`.',
    )
}

function readable(text: string): string {
  const all = text
    .split(COLOUR)
    .map((part, at) => (at % 2 === 1 ? part : disarmed(part)))
    .join('')
  return forLog(all)
}

/** A runner reads commands in its log. */
function forLog(text: string): string {
  return process.env['GITHUB_ACTIONS'] === 'true' ? neutralise(text) : text
}

function isFile(fd: number): boolean {
  try {
    return fstatSync(fd).isFile()
  } catch {
    return false
  }
}
