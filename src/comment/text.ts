import { createHash } from 'node:crypto'
import { mergedNodes, type DbtResult, type NodeResult } from '../dbt/result.ts'
import { fit, type Section } from '../report/budget.ts'
import { duration } from '../report/duration.ts'
import { commitUrl, fileUrl, runUrl } from '../report/links.ts'
import { code, link, name, row, text } from '../report/markdown.ts'
import { byWeight, gist, icon, kind, standing, succeeded } from '../report/nodes.ts'
import { clip, count, NAME } from '../report/plain.ts'
import type { RunFacts } from '../report/report.ts'
import { nothing, table, whole } from '../report/table.ts'
import { changesOf, type Changes } from './changes.ts'
import { read, stateOf, written, type State } from './state.ts'

/** GitHub takes 65,536 characters. */
const LIMIT = 60_000
const FAILURES = 20
const NAMED = 10
const BUILT = 100
const GIST = 200

/** What a comment is about. */
export interface Subject {
  readonly facts: RunFacts
  /** The target that the step asks for by name, if any: the jobs of a matrix over targets have a comment each. */
  readonly asked: string | undefined
  /** The target that was granted, as far as the run came. */
  readonly target: string
}

/** The first line of the comment: whoever looks for it looks nowhere else, so no message can be taken for it. */
export function markerOf({ facts, asked = '' }: Subject): string {
  const key = JSON.stringify([facts.workflow, facts.job, asked])
  return `<!-- dbt-oidc:${createHash('sha256').update(key).digest('hex').slice(0, 32)} -->`
}

const STATE = /^<!-- dbt-oidc-state:([\w-]+) -->$/

/** What the comment remembers, from its second line. */
export function rememberedIn(body: string): State | undefined {
  const [, encoded] = STATE.exec(body.split('\n')[1]?.trim() ?? '') ?? []
  return encoded === undefined ? undefined : read(encoded)
}

function start(subject: Subject, state: State | undefined): string {
  const memory = state ? `<!-- dbt-oidc-state:${written(state)} -->\n` : ''
  return `${markerOf(subject)}\n${memory}`
}

function place({ facts }: Subject): string {
  const commit = link(code(facts.sha.slice(0, 7)), commitUrl(facts))
  return `${commit} · ${link(`run ${text(facts.runId)}`, runUrl(facts))}, attempt ${text(facts.runAttempt)}`
}

/** The comment on a run of dbt, compared with what the comment said before. */
export function commentOn(result: DbtResult, subject: Subject, before: State | undefined): string {
  const nodes = mergedNodes(result)
  const now = stateOf(result, subject.facts.sha)
  const sections: readonly Section[] = [
    whole('headline', 0, `${start(subject, now)}\n${headline(result, subject, now, before)}`),
    failures(result, nodes, subject.facts),
    before ? changes(changesOf(before, now)) : nothing('change', 3),
    built(nodes, subject.facts, before),
  ]
  return fit(sections, LIMIT).trimEnd()
}

/** The comment on a run that never came to dbt; what is remembered of an earlier one stays. */
export function commentOnFailure(failing: string, subject: Subject, before: State | undefined): string {
  return `${start(subject, before)}\n### ❌ This run failed before dbt: ${code(failing)}\n\n${place(subject)} · the job summary says why`
}

function headline(result: DbtResult, subject: Subject, now: State, before: State | undefined): string {
  const onto = ` on ${code(clip(subject.target, NAME))}`
  const was = before ? ` (was ${duration(before.seconds)})` : ''
  const title = result.ok
    ? `### ✅ dbt succeeded${onto} in ${duration(now.seconds)}${was}`
    : `### ❌ dbt failed${onto} after ${duration(now.seconds)}${was}`
  const against = before ? ` · compared with ${code(before.sha.slice(0, 7))}` : ''
  return `${title}\n\n${words(mergedNodes(result))}\n\n${place(subject)}${against}`
}

function words(nodes: readonly NodeResult[]): string {
  const tests = nodes.filter(isTest)
  const others = nodes.filter((node) => !isTest(node))
  const parts = [told(others, 'built'), told(tests, 'tests passed')].filter((part) => part !== '')
  return parts.length === 0 ? 'No node was run.' : parts.join('; ')
}

function told(nodes: readonly NodeResult[], well: string): string {
  const by = Map.groupBy(nodes, standing)
  const parts = (
    [
      ['failed', 'failed'],
      ['warned', 'warned'],
      ['skipped', 'skipped'],
      ['passed', well],
    ] as const
  ).map(([key, word]) => [by.get(key)?.length ?? 0, word] as const)
  return parts
    .filter(([n]) => n > 0)
    .map(([n, word]) => `**${n.toLocaleString('en-US')}** ${word}`)
    .join(' · ')
}

function isTest({ resourceType }: NodeResult): boolean {
  return resourceType === 'test' || resourceType === 'unit_test'
}

function failures(result: DbtResult, nodes: readonly NodeResult[], facts: RunFacts): Section {
  const failing = byWeight(nodes.filter((node) => standing(node) === 'failed'))
  const mute = failing.length > 0 ? [] : result.lines.filter((line) => !succeeded(line))
  const pieces = [
    ...mute.map((line) => `- ❌ ${code(clip(line.command, NAME))} failed; its words are in the log\n`),
    ...failing.slice(0, FAILURES).map((node) => {
      const where = link(code(clip(`${kind(node)} ${node.name}`, NAME)), fileUrl(facts, node.file, node.line))
      // In code type nothing is a mention or a reference.
      return `- ❌ ${where}: ${code(clip(gist(node), GIST))}\n`
    }),
    ...(failing.length > FAILURES
      ? [`- and ${(failing.length - FAILURES).toLocaleString('en-US')} more\n`]
      : []),
  ]
  const section = { noun: 'failure', rank: 2, head: '', pieces, total: pieces.length, tail: '\n' }
  return pieces.length === 0 ? nothing('failure', 2) : section
}

function changes({ broke, mended, added, gone, timings }: Changes): Section {
  const lines = [
    list('🔴 broke', broke),
    list('🟢 mended', mended),
    list('🆕 new', added),
    list('👋 no longer run', gone),
    ...timings.slice(0, NAMED).map(({ id, before, now }) => {
      const sign = now > before ? '🐢 slower' : '🐇 faster'
      return `- ${sign}: ${code(shortName(id))} ${duration(before / 1000)} → ${duration(now / 1000)}\n`
    }),
  ].filter((line) => line !== '')
  const pieces = lines.length === 0 ? ['Nothing changed that is worth a line.\n'] : lines
  return { noun: 'change', rank: 3, head: '#### What changed\n\n', pieces, total: pieces.length, tail: '\n' }
}

function list(what: string, ids: readonly string[]): string {
  if (ids.length === 0) return ''
  const shown = ids.slice(0, NAMED).map((id) => code(shortName(id)))
  const rest = ids.length > NAMED ? `, and ${(ids.length - NAMED).toLocaleString('en-US')} more` : ''
  return `- ${what}: ${shown.join(', ')}${rest}\n`
}

/** `model.shop.orders` as people say it. */
function shortName(id: string): string {
  const [, , short] = id.split('.')
  return clip(short ?? id, NAME)
}

function built(nodes: readonly NodeResult[], facts: RunFacts, before: State | undefined): Section {
  const all = nodes.filter((node) => !isTest(node) && node.seconds > 0)
  const shown = all.toSorted((a, b) => b.seconds - a.seconds).slice(0, BUILT)
  const rows = shown.map((node) => {
    const earlier = before?.nodes.get(node.uniqueId)
    const cells = [
      `${icon(node)} ${link(name(node.name), fileUrl(facts, node.file))}`,
      duration(node.seconds),
    ]
    return row(before ? [...cells, earlier ? duration(earlier.ms / 1000) : '–'] : cells)
  })
  const label =
    shown.length < all.length
      ? `The ${BUILT} slowest of ${count(all.length, 'node')}`
      : count(all.length, 'node')
  const header = before ? '| node | time | before |\n| :-- | --: | --: |' : '| node | time |\n| :-- | --: |'
  const section = table('node', 4, `<details><summary>${label} by time</summary>`, header, rows, 1)
  return rows.length === 0 ? section : { ...section, tail: '\n</details>\n' }
}
