import type { ASTNode } from '@marcbachmann/cel-js'
import { visible } from '../../policy/visible.ts'
import type { Condition } from '../../trust/statement.ts'

/** More alternatives than anybody writes; a condition that has more is told as a whole. */
const MOST = 32

type Mapping = ReadonlyMap<string, string>
type Conjunction = readonly Condition[]

/**
 * A condition of a provider as alternatives, each of which is a list of comparisons that must all hold. What is no
 * comparison of one claim stays an expression, as it is written. An empty condition lets everybody in.
 */
export async function alternativesOf(text: string, mapping: Mapping): Promise<readonly Conjunction[]> {
  if (text.trim() === '') return [[]]
  const { parse } = await import('@marcbachmann/cel-js')
  let ast: ASTNode
  try {
    ast = parse(text).ast
  } catch {
    return [[whole(text)]]
  }
  const found = alternatives(ast, text, mapping)
  return found ? found.map(withoutNeedless) : [[whole(text)]]
}

function whole(text: string): Condition {
  return { claim: 'attributeCondition', values: [visible(text)], by: 'expression' }
}

/** Undefined: too many. */
function alternatives(node: ASTNode, text: string, mapping: Mapping): readonly Conjunction[] | undefined {
  if (node.op === '||' || node.op === '&&') {
    const [left, right] = node.args
    const [one, other] = [alternatives(left, text, mapping), alternatives(right, text, mapping)]
    if (!one || !other) return undefined
    const all =
      node.op === '||' ? [...one, ...other] : one.flatMap((a) => other.map((b): Conjunction => [...a, ...b]))
    return all.length > MOST ? undefined : all
  }
  if (node.op === 'value' && typeof node.args === 'boolean') return node.args ? [[]] : []
  return [[comparison(node, mapping) ?? whole(text.slice(node.start, node.end))]]
}

function comparison(node: ASTNode, mapping: Mapping): Condition | undefined {
  if (node.op === '!_') {
    const found = comparison(node.args, mapping)
    return found?.by === 'equals' ? { ...found, by: 'except' } : undefined
  }
  if (node.op === '==' || node.op === '!=')
    return equality(node.args, node.op === '==' ? 'equals' : 'except', mapping)
  if (node.op === 'in') return memberOf(node.args, mapping)
  if (node.op === 'call') return presence(node.args, mapping)
  return node.op === 'rcall' ? called(node.args, mapping) : undefined
}

function equality(
  [left, right]: readonly [ASTNode, ASTNode],
  by: 'equals' | 'except',
  mapping: Mapping,
): Condition | undefined {
  const claim = claimOf(left, mapping) ?? claimOf(right, mapping)
  const value = textOf(right) ?? textOf(left)
  return claim === undefined || value === undefined ? undefined : { claim, values: [value], by }
}

function memberOf([left, right]: readonly [ASTNode, ASTNode], mapping: Mapping): Condition | undefined {
  const name = textOf(left)
  // `"environment" in assertion` asks whether there is such a claim.
  if (name !== undefined && right.op === 'id' && right.args === 'assertion') return present(name)
  const claim = claimOf(left, mapping)
  const values = right.op === 'list' ? right.args.map(textOf) : []
  const texts = values.filter((value) => value !== undefined)
  if (claim === undefined || right.op !== 'list' || texts.length < values.length) return undefined
  return { claim, values: texts, by: 'equals' }
}

function presence([name, [only]]: readonly [string, readonly ASTNode[]], mapping: Mapping) {
  const claim = name === 'has' && only ? claimOf(only, mapping) : undefined
  return claim === undefined ? undefined : present(claim)
}

function present(claim: string): Condition {
  return { claim, values: ['*'], by: 'pattern' }
}

function called(
  [name, on, [only]]: readonly [string, ASTNode, readonly ASTNode[]],
  mapping: Mapping,
): Condition | undefined {
  const claim = claimOf(on, mapping)
  const text = only && textOf(only)
  if (claim === undefined || text === undefined) return undefined
  const values = [`${name}(${JSON.stringify(text)})`]
  if (name === 'startsWith') return { claim, values, by: 'expression', atMost: [`${text}*`] }
  if (name === 'endsWith') return { claim, values, by: 'expression', atMost: [`*${text}`] }
  if (name === 'contains') return { claim, values, by: 'expression', atMost: [`*${text}*`] }
  // RE2 finds its pattern anywhere in a text.
  if (name === 'matches') return { claim, values, by: 'expression', atMost: [`${fixedStart(text)}*`] }
  return undefined
}

/** The characters with which every text must begin that a regular expression fits; one that is not anchored: none. */
function fixedStart(regex: string): string {
  if (!regex.startsWith('^') || regex.includes('|') || regex.includes('(?')) return '*'
  const [start = ''] = /^(?:\[[^\]^\\-]\]|\\[^\w]|[^\\[\](){}.*+?^$|])*/.exec(regex.slice(1)) ?? []
  // What is repeated may not be there at all.
  const sure = /[*?{]/.test(regex.charAt(1 + start.length)) ? start.replace(/(?:\[.\]|\\.|.)$/s, '') : start
  return sure.replaceAll(/\[(.)\]|\\(.)/gs, '$1$2')
}

/** `assertion.x`, `assertion["x"]`, and an attribute that is mapped from one of them. */
function claimOf(node: ASTNode, mapping: Mapping): string | undefined {
  const path = pathOf(node)
  if (path === undefined) return undefined
  if (path.startsWith('assertion.')) return path.slice('assertion.'.length)
  return /^assertion\.(\w+)$/.exec(mapping.get(path)?.trim() ?? '')?.[1] ?? path
}

function pathOf(node: ASTNode): string | undefined {
  if (node.op === 'id') return undefined
  if (node.op !== '.' && node.op !== '[]') return undefined
  const [on] = node.args
  const key = node.op === '.' ? node.args[1] : textOf(node.args[1])
  if (on.op !== 'id' || key === undefined || !['assertion', 'attribute', 'google'].includes(on.args))
    return undefined
  return `${on.args}.${key}`
}

/** A text, also one that is put together from several. */
function textOf(node: ASTNode): string | undefined {
  if (node.op === '+') {
    const [left, right] = node.args.map(textOf)
    return left === undefined || right === undefined ? undefined : left + right
  }
  return node.op === 'value' && typeof node.args === 'string' ? node.args : undefined
}

/** That a claim is there is implied where it is compared. */
function withoutNeedless(all: Conjunction): Conjunction {
  const compared = all.filter((one) => !isPresence(one) && one.by !== 'except').map(({ claim }) => claim)
  return all.filter((one) => !isPresence(one) || !compared.includes(one.claim))
}

function isPresence({ by, values }: Condition): boolean {
  return by === 'pattern' && values[0] === '*'
}
