import { jsonOf } from '../json.ts'
import { byNumber } from '../policy/visible.ts'
import { neutralise } from '../report/neutralise.ts'

/** What a terminal obeys or hides: control characters but for line ends and tabs, and marks that reverse the order of reading. */
const OBEYED = /[[\p{Cc}--[\n\t]]\p{Bidi_Control}\p{Zl}\p{Zp}]/gv

/** The colours of this command line, and no other sequence. Built from text, since control characters in a literal are easily lost. */
const ESC = '\u001b'
const COLOUR = new RegExp(`(${ESC}\\[(?:[01237]|22|3[0-7]|1;3[0-7])m)`)

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

/** Prints what another program reads on, to the byte; for a terminal as {@link print} does. */
export function printDocument(text: string): void {
  process.stdout.write(`${process.stdout.isTTY ? readable(text) : text}\n`)
}

function readable(text: string): string {
  const all = text
    .split(COLOUR)
    .map((part, at) => (at % 2 === 1 ? part : part.replaceAll(OBEYED, byNumber)))
    .join('')
  return process.env['GITHUB_ACTIONS'] === 'true' ? neutralise(all) : all
}
