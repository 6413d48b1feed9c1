import { plainValue } from '../yaml.ts'
import type { Problem, YamlMap, YamlNode, YamlScalar } from '../yaml.ts'
import { OURS } from '../secret-names.ts'
import { resolveScalar } from '../yaml/scalar.ts'
import { checkText } from './value.ts'
import type { Output, Value } from './value.ts'

const EXPRESSION = /\{[{%#]/

/** What Jinja in a text means: nothing (`connection`), or dbt's own expression (an existing profiles.yml). */
export type JinjaMeaning = 'literal' | 'expression'

/** The fields of a dbt output as the YAML says them. */
export function readOutput(node: YamlMap, { jinja }: { readonly jinja: JinjaMeaning }): Output {
  return new Map([...node.entries].map(([key, { value }]) => [key, readValue(value, jinja)]))
}

function readValue(node: YamlNode, jinja: JinjaMeaning): Value {
  switch (node.kind) {
    case 'list':
      return { kind: 'list', items: node.items.map((item) => readValue(item, jinja)) }
    case 'map':
      return { kind: 'map', fields: readOutput(node, { jinja }) }
    case 'scalar':
      if (isNative(node)) return { kind: 'plain', source: node.text }
      if (jinja === 'literal') return { kind: 'text', text: node.text }
      if (EXPRESSION.test(node.text)) return { kind: 'jinja', source: node.text }
      return { kind: 'text', text: rendered(node.text) }
  }
}

function isNative(node: YamlScalar): boolean {
  if (!node.plain) return false
  const { type } = resolveScalar(node.text)
  // What PyYAML cannot construct (`=`, 2026-13-01) would end dbt: as text it is at least what was written.
  return type !== 'string' && type !== 'unreadable'
}

/** What Jinja does even to a text without expressions. */
function rendered(text: string): string {
  return text.replace(/\r\n?/g, '\n').replace(/\n$/, '')
}

/** The texts and keys below a node of an existing profiles.yml that dbt would not give back unchanged. */
export function checkValues(node: YamlNode): readonly Problem[] {
  switch (node.kind) {
    case 'list':
      return node.items.flatMap(checkValues)
    case 'map':
      return [...node.entries].flatMap(([name, { key, value }]) => [
        ...problems(name, key),
        ...checkValues(value),
      ])
    case 'scalar':
      if (!EXPRESSION.test(node.text)) return problems(node.text, node.place)
      // A profile in a pull request must not move our credential into a field that is logged or sent elsewhere. It
      // cannot, since it cannot know the whole name: this only says so early.
      return node.text.includes(OURS)
        ? [{ place: node.place, problem: `${OURS}… belongs to this action.` }]
        : []
  }
}

function problems(text: string, place: string): readonly Problem[] {
  const problem = checkText(text)
  return problem === undefined ? [] : [{ place, problem }]
}

/** The value of a variable in the environment that dbt will have. */
export type Lookup = (variable: string) => string | undefined

/** Stands in plain JavaScript for a value that only dbt can tell; no schema takes it for text. */
export interface Expression {
  readonly [expression]: string
}

const expression = Symbol('expression')

/** Whether a value of {@link toJs} is dbt's to work out. */
export function isExpression(value: unknown): value is Expression {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, expression)
}

/** The value that an expression stands for, as dbt is to read it. */
export function asJinja(value: Expression): Value {
  return { kind: 'jinja', source: value[expression] }
}

/**
 * The output for a warehouse's schema: numbers, booleans and null as dbt reads them. A plain `env_var` is looked up in
 * `env`; without `env`, and for any other expression, an {@link Expression} stands in its place.
 */
export function toJs(output: Output, env?: Lookup): Record<string, unknown> {
  return Object.fromEntries([...output].map(([key, value]) => [key, valueToJs(value, env)]))
}

function valueToJs(value: Value, env: Lookup | undefined): unknown {
  switch (value.kind) {
    case 'text':
      return value.text
    case 'plain':
      return plainValue(value.source)
    case 'list':
      return value.items.map((item) => valueToJs(item, env))
    case 'map':
      return toJs(value.fields, env)
    case 'secret':
      return { [expression]: value.name }
    case 'jinja': {
      const found = env && resolveEnvVar(value.source, env)
      return found && 'text' in found ? found.text : { [expression]: value.source }
    }
  }
}

const QUOTED = String.raw`(?:'([^'\\]*)'|"([^"\\]*)")`
const ENV_VAR = new RegExp(String.raw`^\{\{-?\s*env_var\(\s*${QUOTED}\s*(?:,\s*${QUOTED}\s*)?\)\s*-?\}\}\n?$`)

/**
 * The text of `{{ env_var('NAME') }}` or `{{ env_var('NAME', 'default') }}`. `env` must be what dbt will see: with more,
 * a profile in a pull request could name a variable of the runner and have its value sent to a host.
 */
export function resolveEnvVar(
  source: string,
  env: Lookup,
): { readonly text: string } | { readonly problem: string } {
  const found = ENV_VAR.exec(source)
  if (!found) {
    return {
      problem:
        "must be text or a plain {{ env_var('NAME') }}: this action does not evaluate other expressions",
    }
  }
  const [, single, double, singleDefault, doubleDefault] = found
  const name = single ?? double ?? ''
  const text = env(name) ?? singleDefault ?? doubleDefault
  return text === undefined ? { problem: `needs the variable ${name}, which dbt would not find` } : { text }
}
