/** Where something comes from whose value nobody can read in the files. */
export interface Unknown {
  /** For a person: `the secret X`. */
  readonly source: string
}

/** A value as far as the files tell it. */
export type Told = { readonly text: string } | { readonly unknown: Unknown }

/** What a step sees: variables as they are written. */
export type Scope = ReadonlyMap<string, string>

const EXPRESSION = /\$\{\{(.*?)\}\}/g

/** Facts of a run that the signed claims hold as well, as the placeholders of a connection. */
const CLAIMS: Readonly<Record<string, string>> = {
  'github.event.number': '{pull_request}',
  'github.event.pull_request.number': '{pull_request}',
  'github.run_id': '{run_id}',
  'github.run_number': '{run_number}',
  'github.run_attempt': '{run_attempt}',
  'github.actor': '{actor}',
  'github.sha': '{sha}',
  'github.ref': '{ref}',
  'github.head_ref': '{head_ref}',
  'github.base_ref': '{base_ref}',
}

/** A text of a workflow, with GitHub's expressions as far as they are known before a job runs. */
export function evaluated(text: string, scope: Scope, depth = 0): Told {
  let unknown: Unknown | undefined
  const filled = text.replace(EXPRESSION, (_whole, written: string) => {
    const inner = written.trim()
    const known = CLAIMS[inner]
    if (known !== undefined) return known
    const variable = /^env\.([\w-]+)$/.exec(inner)?.[1]
    const assigned = variable === undefined ? undefined : scope.get(variable)
    const told: Told =
      assigned === undefined || depth > 5
        ? { unknown: { source: sourceOf(inner) } }
        : evaluated(assigned, scope, depth + 1)
    if ('text' in told) return told.text
    unknown ??= told.unknown
    return ''
  })
  return unknown ? { unknown } : { text: filled }
}

function sourceOf(inner: string): string {
  const [, kind, name] = /^(secrets|vars)(?:\.([\w-]+)|\['[\w-]+'\])$/.exec(inner) ?? []
  if (kind === 'secrets') return `the secret ${name ?? inner}`
  if (kind === 'vars')
    return `the variable ${name ?? inner} of the repository (\`gh variable get ${name ?? ''}\`)`
  return `the expression ${inner}`
}

const QUOTED = `(?:'([^'\\\\]*)'|"([^"\\\\]*)")`
const ENV_VAR = new RegExp(
  `^\\{\\{-?\\s*env_var\\(\\s*${QUOTED}\\s*(?:,\\s*${QUOTED}\\s*)?\\)\\s*(?:\\|\\s*(?:int|as_number|as_native|as_bool|as_text|string)\\s*)?-?\\}\\}$`,
)

/** A value of profiles.yml: text, or dbt's `env_var` with what the workflow sets. Anything else of Jinja is not worked out. */
export function profileValue(source: string, scope: Scope): Told {
  if (!/\{[{%#]/.test(source)) return { text: source }
  const [whole, one, other, fallback, otherFallback] = ENV_VAR.exec(source.trim()) ?? []
  if (whole === undefined) return mixed(source, scope)
  const name = one ?? other ?? ''
  const written = scope.get(name)
  if (written !== undefined) return evaluated(written, scope)
  const text = fallback ?? otherFallback
  return text === undefined
    ? { unknown: { source: `the variable ${name}, which the workflow does not set` } }
    : { text }
}

const PART = new RegExp(`\\{\\{-?\\s*env_var\\(\\s*${QUOTED}\\s*(?:,\\s*${QUOTED}\\s*)?\\)\\s*-?\\}\\}`, 'g')

/** Text with `env_var` in the midst of it. */
function mixed(source: string, scope: Scope): Told {
  let unknown: Unknown | undefined
  const filled = source.replace(PART, (part) => {
    const told = profileValue(part, scope)
    if ('text' in told) return told.text
    unknown ??= told.unknown
    return ''
  })
  if (unknown) return { unknown }
  return /\{[{%#]/.test(filled)
    ? { unknown: { source: 'an expression of dbt that is more than `env_var`' } }
    : { text: filled }
}

/** The names of the variables that a value of profiles.yml reads. */
export function variablesIn(source: string): readonly string[] {
  return [...source.matchAll(/env_var\(\s*['"]([^'"]+)['"]/g)].map(([, name = '']) => name)
}
