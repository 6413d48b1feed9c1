import { stripVTControlCharacters, styleText } from 'node:util'
import { renderLog } from '../../__tests__/support/runner.ts'
import { reading } from './log.ts'

type Style = Parameters<typeof styleText>[0]

/** Tells a story on a terminal and keeps count of what did not go as told. */
export interface Stage {
  /** Opens a scene. */
  scene(title: string): void
  say(...sentences: readonly string[]): void
  /** Lines as they are, set off from the narration. */
  show(lines: readonly string[]): void
  /** The log of a step while it runs; takes standard output in pieces. */
  log(): (chunk: string) => void
  /** A sentence that the demo vouches for. */
  claim(sentence: string, holds: boolean): void
  readonly broken: readonly string[]
}

const MARGIN = '  │ '
// The runner's own marks in a rendered log, as a person sees them on GitHub.
const MARKS: readonly (readonly [string, string, Style])[] = [
  ['##[group]', '▾ ', 'bold'],
  ['##[error]', '✗ ', 'red'],
  ['##[warning]', '! ', 'yellow'],
  ['##[notice]', 'i ', 'cyan'],
]

/** A stage on standard output, in colour where somebody watches. */
export function openStage(): Stage {
  const colours = process.stdout.isTTY
  const paint = (style: Style, text: string): string => (colours ? styleText(style, text) : text)
  const broken: string[] = []
  let scenes = 0
  const logLine = (text: string): void => {
    const mark = MARKS.find(([start]) => text.startsWith(start))
    const shown = mark ? paint(mark[2], mark[1] + text.slice(mark[0].length)) : text
    line(paint('dim', MARGIN) + (colours ? shown : stripVTControlCharacters(shown)))
  }
  return {
    scene(title) {
      scenes += 1
      line(
        `\n${paint(['bold', 'cyan'], `── ${scenes}. ${title} ${'─'.repeat(Math.max(0, 90 - title.length))}`)}\n`,
      )
    },
    say: (...sentences) => line(sentences.join('\n')),
    show: (lines) => lines.forEach(logLine),
    log: () => liveLog(logLine),
    claim(sentence, holds) {
      line(
        holds ? `${paint('green', '  ✓')} ${sentence}` : paint('red', `  ✗ ${sentence}: this did not happen`),
      )
      if (!holds) broken.push(sentence)
    },
    broken,
  }
}

/** Renders what has come so far as a runner would, masks and commands included, and passes on what is new. */
function liveLog(logLine: (text: string) => void): (chunk: string) => void {
  let text = ''
  let shown = 0
  const reads = reading()
  return (chunk) => {
    text += chunk
    const { lines } = renderLog(text.slice(0, text.lastIndexOf('\n') + 1))
    lines.slice(shown).filter(reads).forEach(logLine)
    shown = lines.length
  }
}

function line(text: string): void {
  process.stdout.write(`${text}\n`)
}
