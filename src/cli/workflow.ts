import { above } from '../config/above.ts'
import { INPUTS } from '../config/inputs.ts'
import { fail } from '../errors.ts'
import { nearest } from '../nearest.ts'
import { toPlain, type YamlEntry, type YamlNode } from '../yaml.ts'
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
  const values = [...valuesOf(text, path)]
  const deciding = asked ?? DECIDING
  const known = asked
    ? []
    : values.filter(([name, value]) => TOLD.includes(name) && !textOf(value).includes('${{'))
  return new Map([
    ...known.map(([name, value]) => [name, textOf(value)] as const),
    ...values
      .filter(([name]) => deciding.includes(name))
      .map(([name, value]) => [name, literal(name, value, path)] as const),
  ])
}

/** Where the inputs of the step begin, as `FILE:LINE:COLUMN`. Throws as {@link inputsOfWorkflow} does. */
export function placesOfInputs(text: string, path: string): ReadonlyMap<string, string> {
  return new Map([...valuesOf(text, path)].map(([name, { place }]) => [name, place]))
}

function valuesOf(text: string, path: string): ReadonlyMap<string, YamlNode> {
  const { step } = ownStep(text, path)
  const given = mapOf(step, 'with')
  const named = [...(given?.entries ?? [])].map(
    ([name, entry]) => [inputName(name, entry), entry.value] as const,
  )
  const values = new Map(named)
  if (values.size < named.length)
    refuse(
      `${path} gives an input twice, in different letters.`,
      'Leave one of them out: GitHub takes either.',
    )
  refuseStructures(values)
  return values
}

/** GitHub does not tell inputs apart by case; one that the action does not have is refused here as by the step. */
function inputName(written: string, { key }: YamlEntry): string {
  const name = written.toLowerCase()
  if ((INPUTS as readonly string[]).includes(name)) return name
  const near = nearest(name, INPUTS)
  const meant = above(name, INPUTS) ?? (near === undefined ? '.' : `; did you mean \`${near}\`?`)
  return refuse(
    `${key}: the action has no input \`${written}\`${meant}`,
    'Mend the name: the trust would be written without what it says.',
  )
}

function literal(name: string, value: YamlNode, path: string): string {
  const text = textOf(value)
  if (!text.includes('${{')) return text
  return refuse(
    `${value.place}: the input \`${name}\` is an expression, and its value is known to a running job only.`,
    `Write the value out in ${path}, or use a policy file.`,
  )
}

function textOf(value: YamlNode): string {
  return value.kind === 'scalar' ? value.text : JSON.stringify(toPlain(value))
}

function refuse(problem: string, remedy: string): never {
  return fail({ code: 'configuration', problem, remedy })
}
