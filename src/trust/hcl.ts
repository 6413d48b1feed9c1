import { hcl, hclText, verbatim, type Fragment } from './quote.ts'

/**
 * What an argument of Terraform's language may be: text is quoted, a fragment stands as it is. Keys that somebody else has
 * chosen come in a map, since a plain object of them could look like a fragment.
 */
export type HclValue =
  | string
  | number
  | boolean
  | Fragment
  | readonly HclValue[]
  | ReadonlyMap<string, HclValue>
  | { readonly [key: string]: HclValue }

/** The arguments of a block, and the blocks within it. What is undefined is left out. */
export type HclBody = Readonly<Record<string, HclValue | HclBlock | undefined>>

/** A block within another. */
export interface HclBlock {
  readonly block: HclBody
}

/** A resource; its label is one of `labelFor`. */
export function resource(type: string, label: string, body: HclBody): string {
  return `${hcl`resource ${type} ${label}`} ${bodyOf(body, '')}`
}

/** What is there already and only read. */
export function dataSource(type: string, label: string, body: HclBody): string {
  return `${hcl`data ${type} ${label}`} ${bodyOf(body, '')}`
}

/** A value that whoever applies it is asked for; its name is one of `labelFor`. */
export function variable(label: string, body: HclBody): string {
  return `${hcl`variable ${label}`} ${bodyOf(body, '')}`
}

/** A block within a resource. */
export function block(body: HclBody): HclBlock {
  return { block: body }
}

/** A document that the other side wants as JSON, written as Terraform writes objects. */
export function jsonencode(value: unknown): Fragment & { readonly call: unknown } {
  return { fragment: '', call: value }
}

/** A value of another block, by its address. */
export function reference(address: string): Fragment {
  return verbatim(address)
}

/** A function of Terraform's, as a value. */
export function call(name: string, ...given: readonly HclValue[]): Fragment {
  return verbatim(`${name}(${given.map((one) => valueOf(one, '')).join(', ')})`)
}

/** Resources as one text. */
export function hclDocument(comments: string, blocks: readonly string[]): string {
  return `${[comments, ...blocks].filter((one) => one !== '').join('\n\n')}\n`
}

interface Line {
  readonly key: string
  /** Undefined for a block. */
  readonly value: string | undefined
  readonly whole: string
}

function bodyOf(body: HclBody, before: string): string {
  const within = `${before}  `
  const lines = Object.entries(body).flatMap(([key, value]): Line[] => {
    if (value === undefined) return []
    if (isBlock(value)) return [{ key, value: undefined, whole: `${key} ${bodyOf(value.block, within)}` }]
    return [{ key: keyOf(key), value: valueOf(value, within), whole: '' }]
  })
  return `{\n${aligned(lines, within)}${before}}`
}

/** The equals signs below each other, as `terraform fmt` has them: of neighbours that take one line each. */
function aligned(lines: readonly Line[], before: string): string {
  const isShort = (at: number): boolean => lines[at]?.value?.includes('\n') === false
  const widthAt = (at: number): number => {
    let [first, last] = [at, at]
    while (isShort(first - 1)) first -= 1
    while (isShort(last + 1)) last += 1
    return Math.max(...lines.slice(first, last + 1).map(({ key }) => key.length))
  }
  const written = lines.map(({ key, value, whole }, at) => {
    if (value === undefined) return `${at === 0 ? '' : '\n'}${before}${whole}\n`
    return `${before}${isShort(at) ? key.padEnd(widthAt(at)) : key} = ${value}\n`
  })
  return written.join('')
}

function valueOf(value: unknown, before: string): string {
  if (typeof value === 'string') return hclText(value)
  if (typeof value !== 'object' || value === null) return String(value)
  if (isMap(value)) return bodyOf(Object.fromEntries(value), before)
  if (isList(value)) return listOf(value, before)
  if (isCall(value)) return `jsonencode(${valueOf(value.call, before)})`
  if (isFragment(value)) return value.fragment
  return bodyOf(Object.fromEntries(Object.entries(value)), before)
}

function listOf(items: readonly unknown[], before: string): string {
  if (items.every((item) => typeof item !== 'object' || item === null || isFragment(item)))
    return `[${items.map((item) => valueOf(item, before)).join(', ')}]`
  const within = `${before}  `
  return `[\n${items.map((item) => `${within}${valueOf(item, within)},\n`).join('')}${before}]`
}

function keyOf(key: string): string {
  return /^[A-Za-z_]\w*$/.test(key) ? key : hclText(key)
}

function isBlock(value: HclValue | HclBlock): value is HclBlock {
  return typeof value === 'object' && 'block' in value
}

function isMap(value: object): value is ReadonlyMap<string, HclValue> {
  return value instanceof Map
}

function isList(value: object): value is readonly unknown[] {
  return Array.isArray(value)
}

function isCall(value: object): value is { readonly call: unknown } {
  return 'call' in value
}

function isFragment(value: object): value is Fragment {
  return 'fragment' in value
}
