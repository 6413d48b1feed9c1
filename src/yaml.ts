import { LineCounter, parseDocument } from 'yaml'
import type { Place } from './policy.ts'
import { convert, TAG } from './yaml/convert.ts'
import { explain } from './yaml/explain.ts'
import { resolveScalar } from './yaml/scalar.ts'

/** One value that is neither list nor map: always text, whatever YAML would make of it. */
export interface YamlScalar {
  readonly kind: 'scalar'
  /** The source of a plain scalar (`012`, `on`, `1e3`), the content of a quoted or block one. */
  readonly text: string
  readonly plain: boolean
  readonly place: Place
}

/** A sequence. */
export interface YamlList {
  readonly kind: 'list'
  readonly items: readonly YamlNode[]
  readonly place: Place
}

/** A mapping; its keys are text and unique. */
export interface YamlMap {
  readonly kind: 'map'
  readonly entries: ReadonlyMap<string, YamlEntry>
  readonly place: Place
}

/** The place of a key, and its value. */
export interface YamlEntry {
  readonly key: Place
  readonly value: YamlNode
}

export type YamlNode = YamlScalar | YamlList | YamlMap

/** Something wrong in a file or an input, said in full sentences without repeating a value. */
export interface Problem {
  readonly place: Place
  readonly problem: string
}

/** What a text says, as far as it could be understood; `node` is undefined where it says nothing. */
export interface Reading {
  readonly node: YamlNode | undefined
  readonly problems: readonly Problem[]
}

/** Largest text that is read, in bytes. */
const LIMIT = 1024 * 1024

/** Reads one YAML document. With `aliases`, anchors and merge keys are resolved; without, they are problems. */
export function readYaml(text: string, name: string, options: { readonly aliases?: boolean } = {}): Reading {
  const refusal = refuse(text)
  if (refusal !== undefined) return { node: undefined, problems: [{ place: name, problem: refusal }] }
  const lines = new LineCounter()
  // `failsafe` leaves every scalar a string; unique keys are checked by `convert`, since the package compares each pair.
  const document = parseDocument(text, {
    schema: 'failsafe',
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: false,
    logLevel: 'error',
  })
  const place = (offset: number): Place => {
    const { line, col } = lines.linePos(offset)
    return `${name}:${line}:${col}`
  }
  const faults = document.errors.filter(({ code }) => code !== 'TAG_RESOLVE_FAILED')
  if (faults.length > 0) return { node: undefined, problems: explain(faults, text, place) }
  if (/^(?:\uFEFF)?%|\n%/.test(text.slice(0, document.range[0]))) {
    return {
      node: undefined,
      problems: [{ place: place(0), problem: 'Directives (%YAML, %TAG) are not allowed.' }],
    }
  }
  const { node, problems } = convert(document.contents, place, options.aliases === true)
  // A tag with an unknown prefix is dropped by the package: only its error tells of it.
  const dropped = document.errors.map(({ pos }) => ({ place: place(pos[0]), problem: TAG }))
  return { node, problems: [...problems, ...dropped] }
}

function refuse(text: string): string | undefined {
  if (text.length > LIMIT || Buffer.byteLength(text) > LIMIT) return 'The text is larger than 1 MiB.'
  if (!text.isWellFormed()) return 'The text is not valid Unicode.'
  const nul = text.indexOf('\0')
  if (nul < 0) return undefined
  return `Line ${text.slice(0, nul).split('\n').length} holds a NUL character: is this a text file in UTF-8?`
}

/** Whether a node says "nothing": an empty value, `~` or `null`, unquoted. */
export function isNull(node: YamlNode): boolean {
  return node.kind === 'scalar' && node.plain && resolveScalar(node.text).type === 'null'
}

/**
 * The node as plain JavaScript, unquoted scalars as PyYAML reads them. Timestamps and integers that a number cannot
 * hold stay text.
 */
export function toPlain(node: YamlNode): unknown {
  if (node.kind === 'list') return node.items.map(toPlain)
  if (node.kind === 'scalar') return node.plain ? plainValue(node.text) : node.text
  // fromEntries defines `__proto__` like any other key.
  return Object.fromEntries([...node.entries].map(([key, { value }]) => [key, toPlain(value)]))
}

/** An unquoted scalar as a JavaScript value; see {@link toPlain}. */
export function plainValue(text: string): unknown {
  const found = resolveScalar(text)
  switch (found.type) {
    case 'null':
      return null
    case 'bool':
      return found.value
    case 'number':
      return Number.isInteger(found.value) && !Number.isSafeInteger(found.value) ? text : found.value
    case 'string':
    case 'timestamp':
    case 'unreadable':
      return text
  }
}
