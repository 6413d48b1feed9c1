import { credentialSentence } from '../../config/connection.ts'
import { LISTED } from '../../config/problems.ts'
import { fail } from '../../errors.ts'
import type { Place } from '../../policy.ts'
import { warehouses } from '../../warehouses/index.ts'
import { readYaml, type YamlMap, type YamlNode } from '../../yaml.ts'
import { within } from './within.ts'

/** Inputs that hold YAML, so that an expression stands for one field of it. */
const FIELDS = ['connection', 'identity', 'claims']

/** The end of a sentence about a value that is wanted, and not known. */
const EXPRESSION = 'is an expression, and its value is known to a running job only.'

/** Stands where an expression stood, in as many characters: no YAML, and in no text that anybody writes. */
const MARK = '\uE000'

/**
 * Refuses expressions, whose values nobody knows before the job runs, each at its field. One that stands for a credential is not
 * wanted at all: nobody is told to write it out.
 */
export function refuseExpressions(values: ReadonlyMap<string, YamlNode>, text: string): void {
  const details = [...values].flatMap(([name, value]) =>
    value.kind === 'scalar' && value.text.includes('${{')
      ? sentences(name, value.text, value.place, text)
      : [],
  )
  if (details.length === 0) return
  fail({
    code: 'configuration',
    problem: 'The step has expressions where a value has to be known before the job runs.',
    remedy: details.every((line) => !line.includes(EXPRESSION))
      ? LISTED
      : 'Leave credentials out, and write the other values out, or use a policy file.',
    details,
  })
}

function sentences(name: string, value: string, place: Place, text: string): readonly string[] {
  const fields = FIELDS.includes(name) ? fieldsOf(value) : []
  if (fields.length === 0) return [`${place}: The input \`${name}\` ${EXPRESSION}`]
  return fields.map(({ field, row, column, isCredential }) => {
    const at = `${within(text, place, row, column)} (input "${name}")`
    return isCredential ? `${at}: ${credentialSentence(field)}` : `${at}: \`${field}\` ${EXPRESSION}`
  })
}

interface Field {
  readonly field: string
  readonly row: string | undefined
  readonly column: string | undefined
  readonly isCredential: boolean
}

function fieldsOf(value: string): readonly Field[] {
  const { node } = readYaml(value.split('\n').map(masked).join('\n'), 'input')
  if (node?.kind !== 'map') return []
  const type = node.entries.get('type')?.value
  const known = warehouses.get(type?.kind === 'scalar' ? type.text : '')?.credentialFields ?? []
  return marked(node).map(([field, key]) => {
    const [, row, column] = key.split(':')
    return { field, row, column, isCredential: known.includes(field) }
  })
}

/** A line with its expressions marked. Behind the last end there is none: each beginning there would be looked for to the end of the line. */
function masked(line: string): string {
  const end = line.lastIndexOf('}}') + 2
  const whole = line.slice(0, end).replaceAll(/\$\{\{.*?\}\}/gs, (found) => MARK.repeat(found.length))
  return `${whole}${line.slice(end)}`
}

/** The fields with an expression in them, and the places of their keys. */
function marked(map: YamlMap, above: readonly string[] = []): readonly (readonly [string, Place])[] {
  return [...map.entries].flatMap(([name, { key, value }]): readonly (readonly [string, Place])[] => {
    const path = [...above, name]
    if (value.kind === 'map') return marked(value, path)
    const scalars = value.kind === 'list' ? value.items : [value]
    return scalars.some((one) => one.kind === 'scalar' && one.text.includes(MARK))
      ? [[path.join('.'), key]]
      : []
  })
}
