import { isAlias, isMap, isScalar, isSeq } from 'yaml'
import type { Alias, Node, Pair, Scalar, YAMLMap, YAMLSeq } from 'yaml'
import type { Place } from '../policy.ts'
import type { Problem, Reading, YamlEntry, YamlMap, YamlNode } from '../yaml.ts'

/** Bounds that no honest file meets; aliases count as often as they are used (billion laughs). */
const NODES = 100_000
const DEPTH = 50
const SHOWN = 20

const TOO_MANY = `The text holds more than ${NODES} values.`
const TOO_DEEP = 'Lists and mappings are nested too deeply.'

/** Said of every tag, wherever it is noticed. */
export const TAG = 'Tags (!…) are not allowed: write the value without its tag.'
const ANCHOR = 'Anchors (&name) are not allowed here: write the value out, or quote it if it is text.'
const ALIAS = 'Aliases (*name) are not allowed here: write the value out, or quote it if it is text.'
const MERGE = 'Merge keys (<<) are not allowed here: write the keys out.'
/** Only an escape can write it; UTF-8 has no form for it, so that no file, header or URL could carry it on. */
const HALF = String.raw`An escape (\ud800 to \udfff) writes half of a character here: write the character itself, or \U and its eight digits.`
const KEY =
  'A key must be text, not a list or a mapping; a value that begins with { or [ must be quoted if it is text.'

interface Anchored {
  readonly node: YamlNode
  readonly size: number
}

interface Walk {
  readonly aliases: boolean
  readonly place: (offset: number) => Place
  readonly problems: Problem[]
  /** Undefined while the anchored value is still being read: an alias to it there would never end. */
  readonly anchors: Map<string, Anchored | undefined>
  size: number
}

/** Turns the package's nodes into ours, and says what is not allowed in them. */
export function convert(root: unknown, place: (offset: number) => Place, aliases: boolean): Reading {
  const walk: Walk = { aliases, place, problems: [], anchors: new Map(), size: 0 }
  if (root === null || root === undefined) return { node: undefined, problems: [] }
  const node = read(root, 0, 0, walk)
  const bound = walk.size > NODES ? TOO_MANY : tooDeep(node, 0) ? TOO_DEEP : undefined
  // Past a bound the rest was not read, so nothing else that was noticed can be relied on.
  if (bound !== undefined) return { node: undefined, problems: [{ place: place(0), problem: bound }] }
  const nothing = node.kind === 'scalar' && node.plain && node.text === ''
  return { node: nothing ? undefined : node, problems: walk.problems }
}

/** Aliases can make a shallow text deep, so this looks at the result; the bound keeps later recursions safe. */
function tooDeep(node: YamlNode, depth: number): boolean {
  if (depth > DEPTH) return true
  if (node.kind === 'list') return node.items.some((item) => tooDeep(item, depth + 1))
  return node.kind === 'map' && [...node.entries.values()].some(({ value }) => tooDeep(value, depth + 1))
}

function report(walk: Walk, offset: number, problem: string): void {
  if (walk.problems.length < SHOWN) walk.problems.push({ place: walk.place(offset), problem })
}

function offsetOf(node: Node, otherwise: number): number {
  return node.range?.[0] ?? otherwise
}

function read(source: unknown, near: number, depth: number, walk: Walk): YamlNode {
  walk.size += 1
  if (isAlias(source)) return follow(source, near, walk)
  if (isScalar(source) || isMap(source) || isSeq(source)) {
    const offset = offsetOf(source, near)
    if (walk.size > NODES || depth > DEPTH) return empty(offset, walk)
    if (source.tag !== undefined) report(walk, offset, TAG)
    if (source.anchor === undefined) return content(source, offset, depth, walk)
    if (!walk.aliases) report(walk, offset, ANCHOR)
    const before = walk.size
    walk.anchors.set(source.anchor, undefined)
    const node = content(source, offset, depth, walk)
    walk.anchors.set(source.anchor, { node, size: walk.size - before + 1 })
    return node
  }
  return empty(near, walk)
}

function empty(offset: number, walk: Walk): YamlNode {
  return { kind: 'scalar', text: '', plain: true, place: walk.place(offset) }
}

function content(source: Scalar | YAMLMap | YAMLSeq, offset: number, depth: number, walk: Walk): YamlNode {
  if (isMap(source)) return readMap(source, offset, depth, walk)
  const place = walk.place(offset)
  if (isSeq(source)) {
    return { kind: 'list', items: source.items.map((item) => read(item, offset, depth + 1, walk)), place }
  }
  const text = source.source ?? ''
  if (!text.isWellFormed()) report(walk, offset, HALF)
  return { kind: 'scalar', text, plain: source.type === 'PLAIN', place }
}

function follow(alias: Alias, near: number, walk: Walk): YamlNode {
  const offset = offsetOf(alias, near)
  const found = walk.anchors.get(alias.source)
  if (!walk.aliases) report(walk, offset, ALIAS)
  else if (found) {
    walk.size += found.size
    return found.node
  } else if (walk.anchors.has(alias.source))
    report(walk, offset, `The alias *${alias.source} refers to itself.`)
  else report(walk, offset, `There is no anchor &${alias.source} before this alias.`)
  return empty(offset, walk)
}

function readMap(source: YAMLMap, offset: number, depth: number, walk: Walk): YamlMap {
  const merged = new Map<string, YamlEntry>()
  const own = new Map<string, YamlEntry>()
  let merge: Place | undefined
  for (const pair of source.items) {
    const key = readKey(pair, offset, walk)
    if (key === undefined) continue
    const value = read(pair.value, key.offset, depth + 1, walk)
    const place = walk.place(key.offset)
    const first = key.merges ? merge : own.get(key.text)?.key
    if (first !== undefined)
      report(walk, key.offset, `The key "${key.text}" stands twice; first at ${first}.`)
    else if (key.merges) {
      merge = place
      mergeInto(merged, value, key.offset, walk)
    } else own.set(key.text, { key: place, value })
  }
  return { kind: 'map', entries: new Map([...merged, ...own]), place: walk.place(offset) }
}

interface Key {
  readonly text: string
  readonly offset: number
  readonly merges: boolean
}

function readKey(pair: Pair, near: number, walk: Walk): Key | undefined {
  const source = pair.key
  const offset =
    isScalar(source) || isMap(source) || isSeq(source) || isAlias(source) ? offsetOf(source, near) : near
  if (!isScalar(source)) {
    report(walk, offset, KEY)
    return undefined
  }
  const node = read(source, offset, 0, walk)
  if (node.kind !== 'scalar') return undefined
  if (node.plain && node.text === '') report(walk, offset, 'There is no key before this ":".')
  return { text: node.text, offset, merges: node.plain && node.text === '<<' }
}

/** As PyYAML does it: own keys win over merged ones, and in a list the earlier mapping wins. */
function mergeInto(merged: Map<string, YamlEntry>, value: YamlNode, offset: number, walk: Walk): void {
  if (!walk.aliases) return report(walk, offset, MERGE)
  for (const source of value.kind === 'list' ? value.items : [value]) {
    if (source.kind !== 'map') {
      report(walk, offset, 'A merge key (<<) takes a mapping or a list of mappings.')
      continue
    }
    for (const [key, entry] of source.entries) if (!merged.has(key)) merged.set(key, entry)
  }
}
