import type { Check, Decision, Verdict } from '../policy.ts'
import { adviceOn } from './decision/advice.ts'
import { actualCell, claimText, expectedText } from './decision/cell.ts'
import { counted, headline, outcome } from './decision/words.ts'

export { decisionMarkdown } from './decision/markdown.ts'
export { blockFor, inputsBlock, whenBlock, type Form } from './decision/block.ts'

/** How the lines are to look. */
export interface Look {
  readonly colour: boolean
  /** Every grant, and not only those that could decide. */
  readonly whole?: boolean
}

type Paint = (colour: keyof typeof SGR, text: string) => string

const SGR = { green: 32, red: 31, bold: 1, dim: 2, inverse: 7 } as const

const painter =
  ({ colour }: Look): Paint =>
  (name, text) =>
    colour && text !== '' ? `\u001b[${SGR[name]}m${text}\u001b[0m` : text

const width = (text: string): number => Array.from(text).length

function pad(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - width(text)))
}

interface Columns {
  readonly claim: number
  readonly expected: number
}

function columnsOf(verdicts: readonly Verdict[]): Columns {
  const checks = verdicts.flatMap((verdict) => verdict.checks)
  return {
    claim: Math.max(5, ...checks.map((check) => width(claimText(check)))),
    expected: Math.max(8, ...checks.map((check) => width(expectedText(check)))),
  }
}

function checkLines(check: Check, columns: Columns, paint: Paint): readonly string[] {
  const cell = actualCell(check)
  const mark = check.ok ? paint('green', '✓') : paint('red', '✗')
  const left = `${pad(claimText(check), columns.claim)}  ${pad(expectedText(check), columns.expected)}  `
  const actual = `${cell.before}${paint('inverse', cell.differs)}${cell.after}`
  const lines = [`  ${mark} ${left}${actual}`]
  if (cell.marked) {
    const caret = '^'.repeat(Math.max(1, width(cell.differs)))
    lines.push(`${' '.repeat(4 + width(left) + width(cell.before))}${paint('red', caret)}`)
  }
  if (check.hint !== undefined) lines.push(`      ${paint('dim', `→ ${check.hint}`)}`)
  return lines
}

function verdictLines(
  verdict: Verdict,
  decision: Decision,
  columns: Columns,
  paint: Paint,
): readonly string[] {
  const heading = `    ${pad('claim', columns.claim)}  ${pad('expected', columns.expected)}  actual`
  return [
    paint('bold', outcome(verdict, decision)),
    paint('dim', heading),
    ...verdict.checks.flatMap((check) => checkLines(check, columns, paint)),
  ]
}

/** The table of claim, expected and actual for every grant that counted (or all), ready for the log. No line holds a line break. */
export function decisionTable(decision: Decision, look: Look): string[] {
  const paint = painter(look)
  const verdicts = look.whole ? decision.verdicts : counted(decision)
  const columns = columnsOf(verdicts)
  return verdicts.flatMap((verdict) => verdictLines(verdict, decision, columns, paint))
}

/** What a denial says: the problem in one sentence, the remedy with the block to paste, the table as details. */
export function denial(
  decision: Decision,
  look: Look,
): { readonly problem: string; readonly remedy: string; readonly details: readonly string[] } {
  const { sentence, block } = adviceOn(decision)
  return {
    problem: headline(decision),
    remedy: block === undefined ? sentence : `${sentence}\n${block}`,
    details: decisionTable(decision, look),
  }
}

/** The decision in one sentence, for the log line of the word *grant*. */
export { headline as decisionSentence } from './decision/words.ts'
