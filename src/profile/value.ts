import { resolveScalar } from '../yaml/scalar.ts'

/** A value of a dbt output. What dbt must see unchanged is `text`; the other kinds say why they are not text. */
export type Value =
  | { readonly kind: 'text'; readonly text: string }
  /** An unquoted YAML scalar that dbt's loader reads as something other than a string (5432, true, null): kept as written. */
  | { readonly kind: 'plain'; readonly source: string }
  /** dbt's own expression from an existing profiles.yml, passed on byte for byte. */
  | { readonly kind: 'jinja'; readonly source: string }
  /** A secret of `Carried.secrets` by its short name. */
  | { readonly kind: 'secret'; readonly name: string }
  | { readonly kind: 'list'; readonly items: readonly Value[] }
  | { readonly kind: 'map'; readonly fields: ReadonlyMap<string, Value> }

/** A dbt output: what stands under one name of `outputs:`. */
export type Output = ReadonlyMap<string, Value>

/** dbt looks for its own prefix in every rendered text, and turns a text that merely contains it into nothing. */
const SECRET_PREFIX = 'DBT_ENV_SECRET'

/** Says why a text cannot be given to dbt unchanged, without repeating it. */
export function checkText(text: string): string | undefined {
  if (text.includes('\0')) return 'The text holds a NUL character.'
  if (!text.isWellFormed()) return 'The text is not valid Unicode.'
  if (text.includes(SECRET_PREFIX))
    return `The text contains ${SECRET_PREFIX}, which dbt replaces wherever it stands.`
  return undefined
}

/** Whether dbt's YAML reader (PyYAML, YAML 1.1) takes this unquoted scalar for a string. */
export function resolvesToString(plain: string): boolean {
  return resolveScalar(plain).type === 'string'
}

/** Says why a text cannot be the name of a profile, target or output, in a whole sentence. */
export function checkName(name: string): string | undefined {
  if (/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/.test(name) && checkText(name) === undefined) return undefined
  const shown = JSON.stringify(name.slice(0, 60))
  return `${shown} cannot name a profile, target or output: only letters, digits, "_", "-" and ".", at most 128.`
}
