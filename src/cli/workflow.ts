import { above } from '../config/above.ts'
import { INPUTS } from '../config/inputs.ts'
import { fail } from '../errors.ts'
import { nearest } from '../nearest.ts'
import { toPlain, type YamlEntry, type YamlMap, type YamlNode } from '../yaml.ts'
import { refuseExpressions } from './workflow/expressions.ts'
import { mapOf, ownStep } from './workflow/step.ts'
import { refuseStructures } from './workflow/texts.ts'

/** Inputs that decide about the trust; what else a step says does not matter here. */
const DECIDING = [
  'connection',
  'identity',
  'repository',
  'ref',
  'environment',
  'claims',
  'config',
  'target',
  'audience',
  'issuer',
  'profiles-dir',
  'profile',
  'project-dir',
]

/** Inputs that decide nothing of it, and of which something can be said: what of them is an expression is passed over. */
const TOLD = ['install']

/**
 * The deciding inputs (or those asked for) of the one step that uses this action. Throws `configuration` where there is none or more than
 * one, or where an input is an expression, whose value nobody knows before the job runs.
 */
export function inputsOfWorkflow(text: string, path: string, asked?: readonly string[]): Map<string, string> {
  const values = [...valuesOf(ownStep(text, path).step, path)]
  const names = asked ?? DECIDING
  const deciding = new Map(values.filter(([name]) => names.includes(name)))
  refuseExpressions(deciding, text)
  const known = asked
    ? []
    : values.filter(([name, value]) => TOLD.includes(name) && !textOf(value).includes('${{'))
  return new Map([...known, ...deciding].map(([name, value]) => [name, textOf(value)]))
}

/** Where the step stands, and where its inputs begin, as `FILE:LINE:COLUMN`. */
export interface Places {
  readonly step: string
  readonly inputs: ReadonlyMap<string, string>
}

/** The places of the one step that uses this action. Throws as {@link inputsOfWorkflow} does. */
export function placesOfInputs(text: string, path: string): Places {
  const { step } = ownStep(text, path)
  const inputs = new Map([...valuesOf(step, path)].map(([name, { place }]) => [name, place]))
  return { step: step.entries.get('with')?.key ?? step.place, inputs }
}

function valuesOf(step: YamlMap, path: string): ReadonlyMap<string, YamlNode> {
  const given = mapOf(step, 'with')
  const entries = [...(given?.entries ?? [])]
  refuseUnknown(entries)
  const named = entries.map(([name, { value }]) => [name.toLowerCase(), value] as const)
  const values = new Map(named)
  if (values.size < named.length)
    refuse(
      `${path} gives an input twice, in different letters.`,
      'Leave one of them out: GitHub takes either.',
    )
  refuseStructures(values)
  return values
}

/** GitHub does not tell inputs apart by case; those that the action does not have are refused here as by the step. */
function refuseUnknown(entries: readonly (readonly [string, YamlEntry])[]): void {
  const details = entries.flatMap(([written, { key }]) => {
    const name = written.toLowerCase()
    if ((INPUTS as readonly string[]).includes(name)) return []
    const near = nearest(name, INPUTS)
    const meant = above(name, INPUTS) ?? (near === undefined ? '.' : `; did you mean \`${near}\`?`)
    return [`${key}: The action has no input \`${written}\`${meant}`]
  })
  if (details.length === 0) return
  fail({
    code: 'configuration',
    problem: 'The workflow gives an input that the action does not have.',
    remedy: 'Mend its name or its place: the trust would be written without what it says.',
    details,
  })
}

function textOf(value: YamlNode): string {
  return value.kind === 'scalar' ? value.text : JSON.stringify(toPlain(value))
}

function refuse(problem: string, remedy: string): never {
  return fail({ code: 'configuration', problem, remedy })
}
