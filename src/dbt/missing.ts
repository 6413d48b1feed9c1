import { withheld } from './withheld.ts'

const MISSING = /Env var required but not provided: '([^'\r\n]{1,200})'/g

/** What to do about variables that dbt says it has not got, given the step's own; undefined where it says no such thing. */
export function missingVariables(
  output: string,
  env: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const names = new Set([...output.matchAll(MISSING)].map((found) => found[1] ?? ''))
  const hints = [...names].map((name) => hint(name, Object.hasOwn(env, name)))
  return hints.length > 0 ? hints.join('\n') : undefined
}

function hint(name: string, has: boolean): string {
  const because = withheld(name)
  if (because !== undefined)
    return `The project reads ${name}, which never reaches dbt: ${because}. Use a variable of another name.`
  if (has)
    return `The step has ${name}, but dbt sees only what it needs. Add to the inputs of this step:\n  env: ${name}`
  return name.startsWith('DBT_')
    ? `The step has no variable ${name}. Add it to \`env:\` of the step.`
    : `The step has no variable ${name}. Add it to \`env:\` of the step, and to its inputs:\n  env: ${name}`
}
