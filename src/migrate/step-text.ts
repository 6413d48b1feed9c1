import { isMap, isScalar, type Pair, type YAMLMap } from 'yaml'
import type { DbtCommand } from './script.ts'
import { indentAt, pairSpan, spanOf } from './text-edit.ts'
import { textAt } from './workflow.ts'

/** What of a step that runs a script the action says itself, or does without. */
const OWN = new Set(['run', 'uses', 'with', 'env', 'shell', 'working-directory'])

/** What a step that takes the place of a script is made of. */
export interface Replacement {
  readonly text: string
  readonly node: YAMLMap
  readonly uses: string
  /** Names of variables that nothing needs any more. */
  readonly gone: ReadonlySet<string>
}

/** A step for each target that the script's commands have, one after the other. */
export function runSteps(commands: readonly DbtCommand[], made: Replacement): string {
  const groups: DbtCommand[][] = []
  for (const command of commands) {
    const last = groups.at(-1)
    const [same] = last ?? []
    if (last && same?.target === command.target && same?.projectDir === command.projectDir) last.push(command)
    else groups.push([command])
  }
  const { text, node } = made
  const indent = indentAt(text, spanOf(text, node)[0])
  return groups.map((group, at) => stepText(group, made, at, indent)).join(`\n${indent.slice(2)}- `)
}

function stepText(commands: readonly DbtCommand[], made: Replacement, at: number, indent: string): string {
  const { text, node, uses, gone } = made
  const kept = node.items.filter(
    (pair) => !OWN.has(keyOf(pair)) && !(at > 0 && ['name', 'id'].includes(keyOf(pair))),
  )
  const [first] = commands
  const home = first?.projectDir ?? textAt(node, 'working-directory')
  const lines = [
    ...kept.map((pair) => text.slice(...pairSpan(text, pair))),
    `uses: ${uses}`,
    'with:',
    ...(commands.length === 1
      ? [`  run: ${scalar(first?.words ?? '')}`]
      : ['  run: |', ...commands.map(({ words }) => `    ${words}`)]),
    ...(first?.target === undefined ? [] : [`  target: ${scalar(first.target)}`]),
    ...(home === '' ? [] : [`  project-dir: ${scalar(home)}`]),
    ...envLines(text, node, gone),
  ]
  return lines.join(`\n${indent}`)
}

/** A step before the script, whose credential the rest of the job uses. */
export function preparedStep(target: string | undefined, home: string, uses: string, indent: string): string {
  const inputs = [
    ...(target === undefined ? [] : [`  target: ${scalar(target)}`]),
    ...(home === '' ? [] : [`  project-dir: ${scalar(home)}`]),
  ]
  return [`uses: ${uses}`, ...(inputs.length > 0 ? ['with:', ...inputs] : [])].join(`\n${indent}`)
}

function envLines(text: string, node: YAMLMap, gone: ReadonlySet<string>): readonly string[] {
  const env: unknown = node.get('env', true)
  if (!isMap(env)) return []
  const kept = env.items.filter((pair) => !gone.has(keyOf(pair)))
  return kept.length === 0 ? [] : ['env:', ...kept.map((pair) => `  ${text.slice(...pairSpan(text, pair))}`)]
}

function keyOf({ key }: Pair): string {
  return isScalar(key) ? String(key.value) : ''
}

/** As YAML takes it on one line. */
function scalar(text: string): string {
  return /^[\w./{$][\w ./{}$*+:=,@()~^-]*$/.test(text) && !/: |^\{|\s$/.test(text)
    ? text
    : JSON.stringify(text)
}
