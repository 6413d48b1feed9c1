import type { PolicyFacts } from '../config/policy-place.ts'
import type { LineResult, NodeResult } from '../dbt/result.ts'
import type { Decision } from '../policy.ts'
import type { Section } from './budget.ts'
import { duration } from './duration.ts'
import { commitUrl, fileUrl, pageUrl, repositoryPath, runUrl } from './links.ts'
import { breakable, code, codeBlock, folded, link, name, row, text } from './markdown.ts'
import { byWeight, ending, failingRows, gist, kind, message, standing, succeeded } from './nodes.ts'
import { clip, NAME } from './plain.ts'
import type { AccessFacts, Report, RunFacts } from './report.ts'
import { whole } from './table.ts'

const MESSAGE = 4000
const GIST = 160
const TOLD_IN_FULL = 50
const OPEN = 3

/** A report as far as it came: `until: claims` stops before there is a decision. */
export type Told = Omit<Report, 'decision'> & { readonly decision: Decision | undefined }

/** Where this happened: repository, ref, commit, run. */
export function place(facts: RunFacts): string {
  const commit = link(code(facts.sha.slice(0, 7)), commitUrl(facts))
  const run = link(`run ${text(facts.runId)}`, runUrl(facts))
  const who = text(clip(facts.actor, NAME))
  return (
    `<sub>${code(clip(facts.repository, NAME))} · ${code(clip(facts.ref, NAME))} · ${commit} · ` +
    `${text(clip(facts.workflow, NAME))} / ${text(clip(facts.job, NAME))} · ${run}, attempt ${text(facts.runAttempt)} · ${who}</sub>`
  )
}

function named(node: NodeResult): string {
  return `${text(kind(node))} ${code(clip(node.name, NAME))}`
}

function fileOf(node: NodeResult, facts: RunFacts): string {
  const path = repositoryPath(facts, node.file)
  if (path === undefined) return ''
  const label = node.line === undefined ? clip(path, NAME) : `${clip(path, NAME)}:${node.line}`
  return link(code(label), fileUrl(facts, node.file, node.line))
}

function joined(parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join(' · ')
}

function nodeFailure(node: NodeResult, facts: RunFacts, index: number, open: boolean): string {
  const line = joined([
    `❌ **${named(node)}**`,
    fileOf(node, facts),
    failingRows(node),
    duration(node.seconds),
  ])
  if (index >= TOLD_IN_FULL) return `- ${line} · ${text(clip(gist(node), GIST))}\n`
  const block = folded(text(clip(gist(node), GIST)), codeBlock(clip(message(node), MESSAGE)), open)
  return `${line}\n\n${block}\n\n`
}

function lineFailure(line: LineResult): string {
  return `❌ ${code(clip(line.command, NAME))} ${ending(line)} and dbt reported no failed node: its last words are in the log.\n\n`
}

/** What went wrong, first and longest: commands that never came to a node, then nodes with their messages. */
export function failures(
  lines: readonly LineResult[],
  nodes: readonly NodeResult[],
  facts: RunFacts,
): Section {
  const failing = byWeight(nodes.filter((node) => standing(node) === 'failed'))
  const mute = lines.filter(
    (line) => !succeeded(line) && !(line.artifacts?.nodes ?? []).some((node) => standing(node) === 'failed'),
  )
  function* pieces(): Generator<string> {
    yield* mute.map(lineFailure)
    for (const [index, node] of failing.entries())
      yield nodeFailure(node, facts, index, failing.length <= OPEN)
  }
  const total = mute.length + failing.length
  return {
    noun: 'failure',
    rank: 2,
    head: total === 0 ? '' : '### Failures\n\n',
    pieces: pieces(),
    total,
    tail: total > TOLD_IN_FULL ? '\n' : '',
  }
}

/** Tests that warned, and what the action itself has to say. */
export function warnings(nodes: readonly NodeResult[], report: Told, facts: RunFacts): Section {
  const own = [...new Set([...(report.decision?.warnings ?? []), ...report.warnings])]
  const warned = nodes.filter((node) => standing(node) === 'warned')
  function* pieces(): Generator<string> {
    for (const warning of own) yield `- ⚠️ ${text(clip(warning, MESSAGE))}\n`
    for (const node of warned)
      yield `- ⚠️ ${joined([`**${named(node)}**`, fileOf(node, facts), failingRows(node), text(clip(gist(node), GIST))])}\n`
  }
  const total = own.length + warned.length
  return {
    noun: 'warning',
    rank: 3,
    head: total === 0 ? '' : '### Warnings\n\n',
    pieces: pieces(),
    total,
    tail: total === 0 ? '' : '\n',
  }
}

/** Who the run was on the other side, by which grant, and until when. */
export function access(report: Told): Section {
  if (!report.decision) return { noun: 'access table', rank: 1, head: '', pieces: [], total: 0, tail: '' }
  const { grant } = report.decision
  const pairs: (readonly [string, string])[] = [['Grant', code(clip(grant?.name ?? '', NAME))]]
  if (report.policy?.commit) pairs.push(['Policy', policyText(report.policy)])
  if (report.access) pairs.push(...accessPairs(report.access))
  const lines = pairs.map(([label, value]) => row([label, value === '' ? '–' : value]))
  return whole('access table', 1, `### Access\n\n| | |\n| :-- | :-- |\n${lines.join('\n')}`)
}

/** A policy of another repository, by which a denial was decided; empty for one of the checkout. */
export function policyMarkdown(policy: PolicyFacts | undefined): string {
  return policy?.commit ? `Policy: ${policyText(policy)}\n\n` : ''
}

function policyText({ place, commit, sha256 }: PolicyFacts): string {
  return `${code(clip(place, NAME))}, commit ${code(commit ?? '')}, SHA-256 ${code(sha256)}`
}

function accessPairs(facts: AccessFacts): readonly (readonly [string, string])[] {
  const by = facts.via === 'none' ? 'no exchange needed' : `through ${code(clip(facts.via, NAME))}`
  return [
    ['Target', code(clip(facts.target, NAME))],
    ['Warehouse', text(clip(facts.warehouse, NAME))],
    ['Writes', breakable(text(clip(facts.writes, NAME)))],
    ['Identity', `${name(facts.identity, 2 * NAME)}, ${by}`],
    ['Expires', expiry(facts)],
    ...history(facts),
  ]
}

function history(facts: AccessFacts): readonly (readonly [string, string])[] {
  const url = pageUrl(facts.history?.(undefined))
  return url === undefined ? [] : [['History', link('what the warehouse itself has recorded', url)]]
}

function expiry(facts: AccessFacts): string {
  if (facts.expiresAt) return `${facts.expiresAt.toISOString().slice(0, 19).replace('T', ' ')} UTC`
  return facts.via === 'none' ? 'there is no credential' : 'nobody tells'
}
