import type { Claims } from '../claims.ts'
import { printed } from '../doctor/line.ts'
import { sentenceLines, type Sentence } from '../doctor/sentence.ts'
import { visible } from '../policy/visible.ts'
import type { Decision } from '../policy.ts'
import {
  blockFor,
  decisionMarkdown,
  decisionSentence,
  decisionTable,
  denial,
  type Form,
  type Look,
} from './decision.ts'
import { code, codeBlock, row } from './markdown.ts'
import { clip, NAME } from './plain.ts'
import type { Told } from './sections.ts'

/** The word after which a run was to stop, and how its rules are written. */
export interface Stop {
  readonly until: 'claims' | 'grant' | 'exchange' | 'profile'
  readonly form: Form
}

/** What `until` found, in full, for the log: the claims with a block to paste, or the decision and what would change it. */
export function stopLines(report: Told, { until, form }: Stop, look: Look): readonly string[] {
  if (report.sentence) return explained(report.sentence, look)
  if (until !== 'claims') return report.decision ? decided(report.decision, look) : []
  return [
    ...sorted(report.claims).map(([name, value]) => `${name.padEnd(24)} ${visible(value)}`),
    '',
    offer(form),
    ...blockFor(report.claims, form).split('\n'),
  ]
}

/** The same for the job summary. */
export function stopMarkdown(report: Told, { until, form }: Stop): string | undefined {
  if (report.sentence) {
    const lines = explained(report.sentence, { colour: false })
    return codeBlock(lines.join('\n'))
  }
  if (until !== 'claims') return report.decision && decisionMarkdown(report.decision)
  const rows = sorted(report.claims).map(([name, value]) =>
    row([code(name), code(clip(visible(value), 5 * NAME))]),
  )
  const table = [row(['claim', 'value']), '|---|---|', ...rows].join('\n')
  return `${table}\n\n${offer(form)}\n\n${codeBlock(blockFor(report.claims, form), 'yaml')}`
}

function explained(sentence: Sentence, look: Look): readonly string[] {
  return sentenceLines(sentence, look).flatMap((line) => printed(line, look))
}

function decided(decision: Decision, look: Look): readonly string[] {
  const table = decisionTable(decision, look)
  return decision.granted ? table : [...table, '', ...denial(decision, look).remedy.split('\n')]
}

/** What the decision means for a run that stops at it, for the log line of the word *grant*. */
export function wouldBe(decision: Decision): string {
  return `would be ${decision.granted ? 'granted' : 'denied'}: ${decisionSentence(decision)}`
}

function offer(form: Form): string {
  const what = form === 'inputs' ? 'These inputs' : 'A grant with this block'
  return `${what} would grant this run, and hardly any other:`
}

function sorted({ all }: Claims): readonly (readonly [string, string])[] {
  return [...all].toSorted(([a], [b]) => (a < b ? -1 : 1))
}
