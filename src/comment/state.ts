import * as z from 'zod/mini'
import { mergedNodes, type DbtResult } from '../dbt/result.ts'
import { type Standing, standing } from '../report/nodes.ts'

/** What a comment remembers of one node: how it ended, and in how many milliseconds. */
export interface Remembered {
  readonly standing: Standing
  readonly ms: number
}

/** What a comment remembers of the run that wrote it. */
export interface State {
  readonly sha: string
  readonly seconds: number
  readonly nodes: ReadonlyMap<string, Remembered>
  /** Whether these are all nodes of that run. */
  readonly whole: boolean
}

const MOST = 300
const LONGEST = 30_000
const STANDINGS: ReadonlyMap<string, Standing> = new Map([
  ['p', 'passed'],
  ['f', 'failed'],
  ['w', 'warned'],
  ['s', 'skipped'],
  ['o', 'other'],
])
const LETTERS = new Map([...STANDINGS].map(([letter, standing]) => [standing, letter] as const))

// Whoever may edit the comment may have written it.
const stored = z.object({
  v: z.literal(1),
  sha: z.string().check(z.regex(/^[0-9a-f]{7,64}$/)),
  seconds: z.number().check(z.gte(0)),
  whole: z.boolean(),
  nodes: z
    .array(
      z.tuple([
        z.string().check(z.maxLength(500)),
        z.string().check(z.regex(/^[pfwso]$/)),
        z.number().check(z.gte(0)),
      ]),
    )
    .check(z.maxLength(MOST)),
})

/** What is worth remembering of a run: failures first, then what took longest. */
export function stateOf(result: DbtResult, sha: string): State {
  const nodes = mergedNodes(result)
  const kept = nodes
    .toSorted(
      (a, b) => Number(standing(b) === 'failed') - Number(standing(a) === 'failed') || b.seconds - a.seconds,
    )
    .slice(0, MOST)
  return {
    sha,
    seconds: result.lines.reduce((sum, line) => sum + line.seconds, 0),
    nodes: new Map(
      kept.map((node) => [node.uniqueId, { standing: standing(node), ms: Math.round(node.seconds * 1000) }]),
    ),
    whole: kept.length === nodes.length,
  }
}

/** The state as text that no reader of HTML or Markdown gives a meaning to; of a long one the last nodes are left out. */
export function written(state: State): string {
  for (let count = state.nodes.size; ; count = Math.floor(count / 2)) {
    const nodes = [...state.nodes]
      .slice(0, count)
      .map(([id, { standing, ms }]) => [id, LETTERS.get(standing), ms])
    const whole = state.whole && count === state.nodes.size
    const json = JSON.stringify({ v: 1, sha: state.sha, seconds: state.seconds, whole, nodes })
    const text = Buffer.from(json, 'utf8').toString('base64url')
    if (text.length <= LONGEST || count === 0) return text
  }
}

/** What a text says that {@link written} has made; undefined for any other. */
export function read(text: string): State | undefined {
  let parsed: unknown
  try {
    parsed = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'))
  } catch {
    return undefined
  }
  const found = stored.safeParse(parsed)
  if (!found.success) return undefined
  const { sha, seconds, whole, nodes } = found.data
  return {
    sha,
    seconds,
    whole,
    nodes: new Map(nodes.map(([id, letter, ms]) => [id, { standing: STANDINGS.get(letter) ?? 'other', ms }])),
  }
}
