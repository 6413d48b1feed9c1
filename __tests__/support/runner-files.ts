/** Reads `NAME=value` and `NAME<<END` … `END` as the runner reads its command files; throws where the runner fails the step. */
export function parseFileCommands(content: string): Map<string, string> {
  const text = content.replace(/^\ufeff/, '')
  const pairs = new Map<string, string>()
  let at = 0
  while (at < text.length) {
    const line = lineAt(text, at)
    at = line.next
    if (line.text === '') continue
    const equals = line.text.indexOf('=')
    const heredoc = line.text.indexOf('<<')
    if (equals >= 0 && (heredoc < 0 || equals < heredoc)) {
      pairs.set(line.text.slice(0, equals), line.text.slice(equals + 1))
    } else if (heredoc >= 0) {
      const value = readHeredoc(text, at, delimiterOf(line.text, heredoc))
      pairs.set(line.text.slice(0, heredoc), value.text)
      at = value.next
    } else {
      throw new Error(`Invalid format '${line.text}'`)
    }
  }
  return pairs
}

/** The directories of a `GITHUB_PATH` file, nearest first. */
export function parsePathFile(content: string): string[] {
  return [...new Set(content.split(/\r\n|\r|\n/).filter(Boolean))].toReversed()
}

interface Line {
  readonly text: string
  readonly next: number
  /** False at the end of a text without a last line break. */
  readonly ended: boolean
}

// On Linux and macOS only LF ends a line of these files: a CR belongs to the value, and to the delimiter.
function lineAt(text: string, start: number): Line {
  const end = text.indexOf('\n', start)
  return end < 0
    ? { text: text.slice(start), next: text.length, ended: false }
    : { text: text.slice(start, end), next: end + 1, ended: true }
}

function delimiterOf(line: string, heredoc: number): string {
  const delimiter = line.slice(heredoc + 2)
  if (heredoc === 0 || delimiter === '') {
    throw new Error(`Invalid format '${line}'. Name must not be empty and delimiter must not be empty`)
  }
  return delimiter
}

function readHeredoc(text: string, start: number, delimiter: string): { text: string; next: number } {
  let at = start
  for (;;) {
    if (at >= text.length) throw new Error(`Invalid value. Matching delimiter not found '${delimiter}'`)
    const line = lineAt(text, at)
    if (line.text === delimiter) return { text: text.slice(start, Math.max(start, at - 1)), next: line.next }
    if (!line.ended) throw new Error('Invalid value. EOF marker missing new line.')
    at = line.next
  }
}
