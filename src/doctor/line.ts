import { disarmed } from '../policy/visible.ts'

/** What is to be said of one word of the sentence, or of something that it rests on. */
export interface Line {
  /** `policy`, a word of the sentence, `dbt`, `network` or `github`. */
  readonly word: string
  /** `wrong` keeps a run from going through; `odd` does not, and wants a look; `open`: it could not be seen from here. */
  readonly mark: 'ok' | 'odd' | 'wrong' | 'open'
  readonly text: string
  /** What to do; absent where there is nothing to do. */
  readonly remedy?: string
  /** Facts below it. */
  readonly facts?: readonly string[]
}

const MARKS = { ok: '✓', odd: '!', wrong: '✗', open: '·' } as const

const SGR = { ok: 32, odd: 33, wrong: 31, open: 2 } as const

const WIDTH = 9

/** As people read it: a mark, the word, what is, and below it facts and what to do. */
export function printed(line: Line, { colour }: { readonly colour: boolean }): readonly string[] {
  const mark = colour ? `\u001b[${SGR[line.mark]}m${MARKS[line.mark]}\u001b[0m` : MARKS[line.mark]
  const indent = ' '.repeat(WIDTH + 3)
  const below = (text: string): string => (text === '' ? '' : `${indent}${text}`)
  const [first = '', ...more] = disarmed(line.text).split('\n')
  return [
    `${mark} ${line.word.padEnd(WIDTH)} ${first}`,
    ...more.map(below),
    // A decision is painted, and shows what is foreign in it as it may be shown.
    ...(line.facts ?? []).map((fact) => below(line.word === 'grant' ? fact : disarmed(fact))),
    ...(line.remedy === undefined ? [] : disarmed(`→ ${line.remedy}`).split('\n').map(below)),
  ]
}
