import type { Plan } from './plan.ts'
import { handsOnAll, secretsIn } from './secrets.ts'
import { textAt, type Step, type Workflow } from './workflow.ts'

/** Which stored secrets no workflow reads any more, and which some still do. */
export function secretsOf(
  all: readonly Workflow[],
  changed: Plan['workflows'],
  notes: string[],
): Pick<Plan, 'unneeded' | 'needed'> {
  const before = new Set(all.flatMap(({ text }) => [...secretsIn(text)]))
  const texts = all.map(({ path, text }) => changed.find((one) => one.path === path)?.after ?? text)
  const needed = new Set(texts.flatMap((text) => [...secretsIn(text)]))
  for (const { path, jobs } of all) notes.push(...jobs.flatMap(({ steps }) => writersOf(path, steps)))
  for (const [at, { path }] of all.entries())
    if (handsOnAll(texts[at] ?? ''))
      notes.push(`${path}: it hands on all secrets, so that nobody can tell which of them are needed.`)
  return {
    unneeded: [...before].filter((name) => !needed.has(name)).toSorted(),
    needed: [...needed].toSorted(),
  }
}

/** A script that makes a file of a secret: nobody can tell from here whether something beside dbt reads it. */
function writersOf(path: string, steps: readonly Step[]): readonly string[] {
  return steps.flatMap(({ script, node }) => {
    const run = textAt(node, 'run')
    const names = [...secretsIn(JSON.stringify(node.toJSON()))]
    if (script || names.length === 0 || !/>|\btee\b/.test(run)) return []
    return names.map(
      (name) =>
        `${path}: the step \`${textAt(node, 'name') || (run.split('\n')[0] ?? '')}\` writes a file from the secret ${name}: if only dbt reads it, take the step out, and then the secret.`,
    )
  })
}
