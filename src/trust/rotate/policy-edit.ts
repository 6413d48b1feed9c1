import { Document, isMap, isScalar, parseDocument, type Pair, type YAMLMap } from 'yaml'
import { fail } from '../../errors.ts'

/** What a target of a policy is to say: the keys that lead there below the target, and the value. */
export interface Edit {
  readonly path: readonly string[]
  readonly value: string | Readonly<Record<string, string>>
}

/**
 * The text of a policy with one value of one target changed, and not a character else: comments, order and quotes are
 * the user's. Throws `configuration` where there is no place for the value.
 */
export function edited(text: string, target: string, { path, value }: Edit): string {
  const document = parseDocument(text, { schema: 'failsafe', logLevel: 'error' })
  const parents = ['targets', target, ...path.slice(0, -1)]
  const key = path.at(-1) ?? ''
  const map = document.getIn(parents, true)
  if (!isMap(map) || map.items.length === 0) return nowhere(target, path)
  const written = sourceOf(value)
  const pair = map.items.find((one) => isScalar(one.key) && one.key.value === key)
  return pair ? replaced(text, pair, written) : inserted(text, map, `${key}: ${written}`)
}

/** What stands at a path below a target; undefined where nothing does, or no single value. */
export function writtenAt(text: string, target: string, path: readonly string[]): string | undefined {
  const found = parseDocument(text, { schema: 'failsafe', logLevel: 'error' }).getIn([
    'targets',
    target,
    ...path,
  ])
  return typeof found === 'string' ? found : undefined
}

function replaced(text: string, { value }: Pair, written: string): string {
  const [start, whole] = rangeOf(value)
  // A map over several lines reaches to where the next key begins.
  const end = start + text.slice(start, whole).trimEnd().length
  return `${text.slice(0, start)}${written}${text.slice(end)}`
}

/** Above the first key, since behind the last one its value's end would have to be known. */
function inserted(text: string, map: YAMLMap, line: string): string {
  const [first] = map.items
  const [at] = rangeOf(first?.key)
  const indent = text.slice(text.lastIndexOf('\n', at - 1) + 1, at)
  const separator = map.flow === true || indent.trim() !== '' ? ', ' : `\n${indent}`
  return `${text.slice(0, at)}${line}${separator}${text.slice(at)}`
}

function sourceOf(value: Edit['value']): string {
  const document = new Document(value)
  if (isMap(document.contents)) document.contents.flow = true
  return document.toString({ lineWidth: 0 }).trim()
}

function rangeOf(node: unknown): readonly [start: number, end: number] {
  const range = typeof node === 'object' && node !== null && 'range' in node ? node.range : undefined
  if (!Array.isArray(range)) throw new Error('a node that was parsed has no range')
  return [Number(range[0]), Number(range[1])]
}

function nowhere(target: string, path: readonly string[]): never {
  return fail({
    code: 'configuration',
    problem: `The target ${target} of the policy has no place for \`${path.join('.')}\`.`,
    remedy: 'Name a key of the target, or one below its `identity` or `connection`.',
  })
}
