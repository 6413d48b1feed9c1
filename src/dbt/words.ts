import { flawAt } from './flaw.ts'

/** A word of a command line, with the place of its first character (both count from 1). */
export interface Word {
  readonly text: string
  readonly line: number
  readonly column: number
}

/** Something on a command line that only a shell could act on, or that cannot be read. */
export interface Flaw {
  readonly line: number
  readonly column: number
  readonly problem: string
}

/** The words of each command, and everything that is wrong with the text. */
export interface Words {
  readonly commands: readonly (readonly Word[])[]
  readonly flaws: readonly Flaw[]
}

type Kind = 'blank' | 'end' | 'comment' | 'single' | 'double' | 'escape' | 'plain'

// In this order; each is tried where the one before has ended. No quote crosses a line break, so that one that is
// never closed ends with its line and not somewhere in the next command.
const PIECES: readonly (readonly [Kind, RegExp])[] = [
  ['blank', /(?:[ \t]|\\\r?\n)+/y],
  ['end', /\r?\n/y],
  ['comment', /#[^\n]*/y],
  ['single', /'([^'\r\n]*)'/y],
  ['double', /"((?:[^"\\\r\n$`]|\\\r?\n|\\[^\r\n]|\$(?![\w{(]))*)"/y],
  ['escape', /\\(?![ \t]+(?:\r?\n|$))([ -/:-@[-`{-~])/y],
  ['plain', /(?:[^\s\p{Cc}\p{Cf}'"\\;&|<>`$]|\$(?![\w{('"]))+/uy],
]

/** Splits a text into commands and words as a POSIX shell does, but expands nothing and runs nothing. */
export function readWords(text: string): Words {
  const scan = scanner()
  const positions = lineStarts(text)
  const nul = text.indexOf('\0')
  if (nul >= 0) {
    // No process can be given one, not even in quotes.
    scan.flaw(placeOf(positions, nul), text, nul)
    return scan
  }
  let at = 0
  while (at < text.length) {
    const place = placeOf(positions, at)
    const piece = nextPiece(text, at, scan.inWord())
    at = piece ? take(scan, piece, at, place) : at + scan.flaw(place, text, at)
  }
  scan.end()
  return scan
}

interface Piece {
  readonly kind: Kind
  readonly whole: string
  readonly inner: string
}

interface Position {
  readonly line: number
  readonly column: number
}

function nextPiece(text: string, at: number, inWord: boolean): Piece | undefined {
  for (const [kind, pattern] of PIECES) {
    // A hash within a word is part of it: `tag:a#b`.
    if (kind === 'comment' && inWord) continue
    pattern.lastIndex = at
    const found = pattern.exec(text)
    if (found) return { kind, whole: found[0], inner: found[1] ?? found[0] }
  }
  return undefined
}

function take(scan: Scanner, { kind, whole, inner }: Piece, at: number, place: Position): number {
  if (kind === 'blank') {
    // As in a shell, a continued line joins the word before it unless a space stands between.
    if (/[ \t]/.test(whole)) scan.endWord()
  } else if (kind === 'end') scan.end()
  else if (kind === 'double') scan.add(inner.replace(/\\\r?\n|\\(["\\$`])/g, '$1'), place)
  else if (kind !== 'comment') scan.add(inner, place)
  return at + whole.length
}

interface Scanner {
  readonly commands: Word[][]
  readonly flaws: Flaw[]
  inWord(): boolean
  add(text: string, place: Position): void
  endWord(): void
  end(): void
  /** Notes what stands at `at` and says how many characters to skip. */
  flaw(place: Position, text: string, at: number): number
}

function scanner(): Scanner {
  const commands: Word[][] = []
  const flaws: Flaw[] = []
  let words: Word[] = []
  let word: Word | undefined
  const endWord = (): void => {
    if (word) words.push(word)
    word = undefined
  }
  return {
    commands,
    flaws,
    inWord: () => word !== undefined,
    endWord,
    add(text, place) {
      word = { line: place.line, column: place.column, ...word, text: (word?.text ?? '') + text }
    },
    end() {
      endWord()
      if (words.length > 0) commands.push(words)
      words = []
    },
    flaw(place, text, at) {
      const found = flawAt(text, at)
      flaws.push({ ...place, problem: found.problem })
      return found.length
    },
  }
}

function lineStarts(text: string): readonly number[] {
  const starts = [0]
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return starts
}

function placeOf(starts: readonly number[], at: number): Position {
  const line = starts.findLastIndex((start) => start <= at)
  return { line: line + 1, column: at - (starts[line] ?? 0) + 1 }
}
