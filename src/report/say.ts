import type { Host } from '../host.ts'

/** The words of the sentence, as the log names them. */
export type Word = 'token' | 'claims' | 'grant' | 'exchange' | 'profile' | 'dbt' | 'report'

const WIDTH = 9

/** One line for one word of the sentence. */
export function say({ writer }: Pick<Host, 'writer'>, word: Word, text: string): void {
  writer.line(`${word.padEnd(WIDTH)} ${text}`)
}

/** Further lines below a word. */
export function sayAll({ writer }: Pick<Host, 'writer'>, lines: readonly string[]): void {
  for (const line of lines) writer.line(`${' '.repeat(WIDTH)} ${line}`, 'quiet')
}
