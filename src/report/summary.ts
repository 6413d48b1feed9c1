import { type DbtResult, type LineResult, mergedNodes, type NodeResult } from '../dbt/result.ts'
import type { Failure } from '../errors.ts'
import { bytes, cutNote, fit, LIMIT, type Section } from './budget.ts'
import { duration } from './duration.ts'
import { figures } from './figures.ts'
import { code, codeBlock, prose, text } from './markdown.ts'
import type { Standing } from './nodes.ts'
import { freshness, outcomes, snapshots } from './outcomes.ts'
import { clip, count, NAME, plain } from './plain.ts'
import type { RunFacts } from './report.ts'
import { access, failures, place, type Told, warnings } from './sections.ts'
import { whole } from './table.ts'
import { all, commands, slowest, squares, tally } from './tables.ts'
import { timeline } from './timeline.ts'

/** What the report alone does not tell. */
export interface SummaryOptions {
  /** The word after which `until` stopped the sentence; absent in run mode and in prepared mode. */
  readonly until?: 'claims' | 'grant' | 'exchange' | 'profile'
  /** What was found until then, as Markdown: the claims, or the decision. */
  readonly found?: string
  /** Largest size in bytes; GitHub drops a summary above 1 MiB whole. */
  readonly limit?: number
}

/** The job summary of a run that came to its last word, whatever dbt said. */
export function summarise(report: Told, facts: RunFacts, options: SummaryOptions = {}): string {
  const limit = options.limit ?? LIMIT
  const { result } = report
  if (result) return fit(ofRun(report, result, facts), limit)
  const head = whole('headline', 0, `## ${standstill(report, options)}\n\n${place(facts)}`)
  if (options.found === undefined) return fit([head, access(report), warnings([], report, facts)], limit)
  // The decision's Markdown tells its warnings itself.
  const rest = { ...report, decision: undefined }
  const found = whole('part that was asked for', 2, options.found)
  return fit([head, found, access(report), warnings([], rest, facts)], limit)
}

function ofRun(report: Told, result: DbtResult, facts: RunFacts): readonly Section[] {
  const nodes = mergedNodes(result)
  return [
    whole('headline', 0, headline(report, result, nodes, facts)),
    failures(result.lines, nodes, facts),
    commands(result.lines),
    ...outcomes(nodes),
    freshness(nodes),
    snapshots(nodes),
    timeline(nodes),
    slowest(nodes, facts),
    figures(nodes, facts, report.access),
    access(report),
    warnings(nodes, report, facts),
    all(nodes, report.access),
    whole('footer', 1, versions(result.lines)),
  ]
}

function headline(report: Told, result: DbtResult, nodes: readonly NodeResult[], facts: RunFacts): string {
  const took = duration(result.lines.reduce((sum, line) => sum + line.seconds, 0))
  const target = code(clip(report.access?.target ?? '', NAME))
  const onto = target === '' ? '' : ` on ${target}`
  const title = result.ok ? `## ✅ dbt succeeded${onto} in ${took}` : `## ❌ dbt failed${onto} after ${took}`
  const picture = nodes.length === 0 ? 'No node was run.' : `${squares(nodes)}\n\n${words(nodes)}`
  return `${title}\n\n${picture}\n\n${place(facts)}`
}

const WORDS: Readonly<Record<Standing, string>> = {
  failed: 'failed',
  warned: 'warned',
  skipped: 'skipped',
  other: 'left as they were',
  passed: 'passed',
}

function words(nodes: readonly NodeResult[]): string {
  const told = [...tally(nodes)].filter(([, n]) => n > 0)
  const parts = told.map(([standing, n]) => `**${n.toLocaleString('en-US')}** ${WORDS[standing]}`)
  return [...parts, `${count(nodes.length, 'node')} in all`].join(' · ')
}

function versions(lines: readonly LineResult[]): string {
  const known = lines.flatMap((line) => line.artifacts ?? [])
  const dbt = [...new Set(known.map((artifacts) => artifacts.dbtVersion))].map((version) => text(version))
  const ids = known.slice(0, 20).map((artifacts) => code(clip(artifacts.invocationId, NAME)))
  if (known.length === 0) return '<sub>dbt left no results behind.</sub>'
  return `<sub>dbt ${dbt.join(', ')} · invocation ${ids.join(', ')}</sub>`
}

function standstill(report: Told, options: SummaryOptions): string {
  const target = code(clip(report.access?.target ?? report.decision?.grant?.target ?? '', NAME))
  const onto = target === '' ? '' : ` on ${target}`
  const denied = options.until === 'grant' && report.decision?.granted === false
  if (denied) return '🔎 Stopped after grant, as asked: this run would be denied'
  if (options.until !== undefined) return `🔎 Stopped after ${options.until}${onto}, as asked`
  return `🔑 Later steps of this job may use dbt${onto}`
}

/** The job summary of a denial; `decision` is the table of the checks as Markdown. */
export function summariseDenial(decision: string, facts: RunFacts, limit = LIMIT): string {
  const head =
    `## ⛔ No grant for this run\n\n${place(facts)}\n\n` +
    'The policy grants nothing to the claims of this token. No credential was asked for and dbt was not started.\n\n'
  const room = limit - bytes(head) - bytes(cutNote('the rest of the checks')) - 1
  const kept = wholeLines(decision, room)
  const note = kept.length < decision.length ? cutNote('the rest of the checks') : ''
  return `${head}${note}${kept.trimEnd()}\n`
}

function wholeLines(markdown: string, room: number): string {
  if (bytes(markdown) <= room) return markdown
  const kept: string[] = []
  let free = room
  for (const line of markdown.split('\n')) {
    free -= bytes(line) + 1
    if (free < 0) break
    kept.push(line)
  }
  return kept.join('\n')
}

/** What `without-token` made of a run that can have no token. */
export type Tokenless = 'skipped' | 'parsed' | 'parse-failed'

const TOKENLESS: Readonly<Record<Tokenless, readonly [title: string, rest: string]>> = {
  skipped: ['⏭️ Skipped: this run gets no ID token', 'dbt was not started.'],
  parsed: [
    '☑️ Parsed only: this run gets no ID token',
    '`dbt parse` succeeded without credentials. Nothing was built or tested, and no warehouse was reached.',
  ],
  'parse-failed': [
    '❌ dbt could not parse the project',
    '`dbt parse` failed without credentials; its words are in the log. Nothing was built or tested.',
  ],
}

/** The job summary of a run without a token, as `without-token` wanted it: what happened, why, and what was not done. */
export function summariseTokenless(what: Tokenless, why: string, facts: RunFacts): string {
  const [title, rest] = TOKENLESS[what]
  const asked = `\`without-token: ${what === 'skipped' ? 'skip' : 'parse'}\` asks for that.`
  const end = `No grant was decided on and no credential was asked for. ${rest} ${asked}`
  return `## ${title}\n\n${place(facts)}\n\n${text(clip(plain(why), DETAILS))}\n\n${end}\n`
}

const DETAILS = 100_000

/** The job summary of a run that broke off, most often before dbt could start; it claims nothing that it cannot know. */
export function summariseFailure(failure: Failure, facts: RunFacts): string {
  const details = clip((failure.details ?? []).map(plain).join('\n'), DETAILS)
  const parts = [
    `## ❌ This run failed: ${code(failure.code)}`,
    place(facts),
    paragraphs(failure.problem),
    details === '' ? '' : codeBlock(details),
    `**What to do:** ${paragraphs(failure.remedy)}`,
  ]
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`
}

// The first line is a sentence; what follows may be YAML to paste, which must keep its lines.
function paragraphs(foreign: string): string {
  const [first = '', ...rest] = clip(plain(foreign).trim(), DETAILS).split('\n')
  const pasted = rest.join('\n').replace(/^\n+|\s+$/g, '')
  return pasted === '' ? prose(first) : `${prose(first)}\n\n${codeBlock(pasted, 'yaml')}`
}
