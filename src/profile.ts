import { fail } from './errors.ts'
import { checkName, checkText, resolvesToString } from './profile/value.ts'
import type { Output, Value } from './profile/value.ts'
import { resolveScalar } from './yaml/scalar.ts'

export { readProfiles } from './profile/existing.ts'
export type { Existing, Wanted } from './profile/existing.ts'
export { asJinja, isExpression, readOutput, resolveEnvVar, toJs } from './profile/output.ts'
export type { Expression, JinjaMeaning, Lookup } from './profile/output.ts'
export { checkName, checkText, resolvesToString } from './profile/value.ts'
export type { Output, Value } from './profile/value.ts'

/** Where dbt finds a secret: in a variable of its environment (run mode), or in the file itself (prepared mode). */
export type SecretSource =
  { readonly kind: 'env'; readonly variable: string } | { readonly kind: 'literal'; readonly text: string }

/** A profiles.yml with one profile and one output. */
export interface ProfileFile {
  /** As `profile:` in dbt_project.yml names it. */
  readonly profile: string
  readonly target: string
  readonly output: Output
  readonly secrets: (name: string) => SecretSource
}

/**
 * The text of a profiles.yml from which dbt reads exactly `output`: every text survives YAML and Jinja unchanged.
 * Throws `configuration` for what cannot be carried.
 */
export function writeProfile({ profile, target, output, secrets }: ProfileFile): string {
  for (const name of [profile, target]) {
    const problem = checkName(name)
    if (problem !== undefined) refuse(problem)
  }
  const outputs: Value = { kind: 'map', fields: new Map([[target, { kind: 'map', fields: output }]]) }
  const body = new Map<string, Value>([
    ['target', { kind: 'text', text: target }],
    ['outputs', outputs],
  ])
  return writeFields(new Map([[profile, { kind: 'map', fields: body }]]), '', secrets).trimStart() + '\n'
}

type Secrets = ProfileFile['secrets']

function writeFields(fields: Output, indent: string, secrets: Secrets): string {
  return [...fields]
    .map(([key, value]) => `\n${indent}${writeKey(key, indent)}${writeValue(value, indent, secrets)}`)
    .join('')
}

function writeValue(value: Value, indent: string, secrets: Secrets): string {
  const deeper = `${indent}  `
  switch (value.kind) {
    case 'map':
      return value.fields.size === 0 ? ' {}' : writeFields(value.fields, deeper, secrets)
    case 'list':
      if (value.items.length === 0) return ' []'
      return value.items.map((item) => `\n${deeper}-${writeValue(item, deeper, secrets)}`).join('')
    case 'text':
      return ` ${writeText(value.text)}`
    case 'plain':
      return ` ${writePlain(value.source)}`
    case 'jinja':
      return ` "${escapeYaml(value.source)}"`
    case 'secret':
      return ` ${writeSecret(secrets(value.name))}`
  }
}

/** dbt does not render keys, so YAML's own escapes are enough; a key above 1,024 characters needs the "?" form. */
function writeKey(key: string, indent: string): string {
  const simple = /^[A-Za-z_][A-Za-z0-9_]*$/.test(key) && resolvesToString(key)
  const written = simple ? key : `"${escapeYaml(key)}"`
  return written.length > 1000 ? `? ${written}\n${indent}:` : `${written}:`
}

function writePlain(source: string): string {
  const { type } = resolveScalar(source)
  if (type === 'string' || type === 'unreadable')
    refuse('A value that was to be written unquoted is text to dbt.')
  return type === 'null' ? 'null' : source
}

function writeSecret(source: SecretSource): string {
  if (source.kind === 'literal') return writeText(source.text)
  if (!/^[A-Z][A-Z0-9_]*$/.test(source.variable)) refuse('The variable of a secret has an impossible name.')
  return `"{{ env_var('${source.variable}') }}"`
}

function writeText(text: string): string {
  const problem = checkText(text)
  if (problem !== undefined) refuse(problem)
  // Nothing here means anything to Jinja or, between double quotes, to YAML.
  if (/^[A-Za-z0-9_ .,:;@/+=()*-]*$/.test(text)) return `"${text}"`
  return `"{{ \\"${escapeYaml(escapeJinja(text))}\\" }}"`
}

/**
 * The inside of a Jinja string literal that holds no quote, brace, backslash or line end. Only `\uXXXX` is used, which
 * Python's and Rust's Jinja both know; beyond it, where they differ, the character itself is carried by YAML.
 */
function escapeJinja(text: string): string {
  return text.replace(
    /[^A-Za-z0-9_ .,:;@/+=()*\u{10000}-\u{10FFFF}-]/gu,
    (character) => `\\u${hex(character, 4)}`,
  )
}

/** The inside of a double-quoted YAML scalar, in ASCII. */
function escapeYaml(text: string): string {
  return text.replace(/[^ !#-[\]-~]/gu, (character) => {
    if (character === '"' || character === '\\') return `\\${character}`
    return (character.codePointAt(0) ?? 0) > 0xffff ? `\\U${hex(character, 8)}` : `\\u${hex(character, 4)}`
  })
}

function hex(character: string, digits: number): string {
  return (character.codePointAt(0) ?? 0).toString(16).padStart(digits, '0')
}

function refuse(problem: string): never {
  fail({ code: 'configuration', problem, remedy: 'Change the value, or leave it out.' })
}
