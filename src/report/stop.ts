import type { Claims } from '../claims.ts'
import { visible } from '../policy/visible.ts'
import { blockFor, decisionMarkdown, decisionTable, type Form, type Look } from './decision.ts'
import { code, codeBlock, row } from './markdown.ts'
import { clip, NAME } from './plain.ts'
import type { Told } from './sections.ts'

/** The word after which a run was to stop, and how its rules are written. */
export interface Stop {
  readonly until: 'claims' | 'grant' | 'exchange' | 'profile'
  readonly form: Form
}

/** What `until` found, in full, for the log: the claims with a block to paste, or the decision's table. */
export function stopLines(report: Told, { until, form }: Stop, look: Look): readonly string[] {
  if (until !== 'claims') return report.decision ? decisionTable(report.decision, look) : []
  return [
    ...sorted(report.claims).map(([name, value]) => `${name.padEnd(24)} ${visible(value)}`),
    '',
    offer(form),
    ...blockFor(report.claims, form).split('\n'),
  ]
}

/** The same for the job summary. */
export function stopMarkdown(report: Told, { until, form }: Stop): string | undefined {
  if (until !== 'claims') return report.decision && decisionMarkdown(report.decision)
  const rows = sorted(report.claims).map(([name, value]) =>
    row([code(name), code(clip(visible(value), 5 * NAME))]),
  )
  const table = [row(['claim', 'value']), '|---|---|', ...rows].join('\n')
  return `${table}\n\n${offer(form)}\n\n${codeBlock(blockFor(report.claims, form), 'yaml')}`
}

function offer(form: Form): string {
  const what = form === 'inputs' ? 'These inputs' : 'A grant with this block'
  return `${what} would grant this run, and hardly any other:`
}

function sorted({ all }: Claims): readonly (readonly [string, string])[] {
  return [...all].toSorted(([a], [b]) => (a < b ? -1 : 1))
}
