import type { Check, Decision, Verdict } from '../../policy.ts'
import { breakable, numbered as escaped } from '../markdown.ts'
import { adviceOn } from './advice.ts'
import { actualCell, claimText, expectedText } from './cell.ts'
import { counted, headline, outcome } from './words.ts'

const code = (text: string): string => (text === '' ? '' : `<code>${escaped(text)}</code>`)

function row(check: Check): string {
  const { before, differs, after } = actualCell(check)
  const actual = check.actual
    ? `<code>${escaped(before)}${differs && `<b>${escaped(differs)}</b>`}${escaped(after)}</code>`
    : escaped(before)
  const expected = code(expectedText(check))
  const found = actual === expected ? '' : `${check.ok ? ': ' : ', but is '}${actual}`
  const hint = check.hint === undefined ? '' : `<br>${escaped(check.hint)}`
  // Two columns: a third would leave the screen of a telephone.
  return `| ${check.ok ? '✓' : '✗'} ${breakable(`${code(claimText(check))} | ${expected}${found}`)}${hint} |`
}

function section(verdict: Verdict, decision: Decision): string {
  const table = ['| claim | expected |', '|---|---|', ...verdict.checks.map(row)]
  return [`**${escaped(outcome(verdict, decision))}**`, '', ...table].join('\n')
}

function adviceMarkdown(decision: Decision): readonly string[] {
  const { sentence, block } = adviceOn(decision)
  return [escaped(sentence), ...(block === undefined ? [] : [`\`\`\`yaml\n${block}\n\`\`\``])]
}

/** The decision for the job summary: a table for each grant that counted, warnings, and what to do after a denial. */
export function decisionMarkdown(decision: Decision): string {
  const warnings = decision.warnings.map((warning) => `> ⚠️ ${escaped(warning)}`)
  const advice = decision.granted ? [] : adviceMarkdown(decision)
  const parts = [
    escaped(headline(decision)),
    ...counted(decision).map((verdict) => section(verdict, decision)),
    ...warnings,
    ...advice,
  ]
  return `${parts.join('\n\n')}\n`
}
