import { fail } from '../../errors.ts'
import type { Place } from '../../policy.ts'
import { readYaml, type YamlMap, type YamlNode } from '../../yaml.ts'

/** The one step of a workflow that uses this action, with the job around it. */
export interface OwnStep {
  readonly workflow: YamlMap
  readonly job: { readonly name: string; readonly place: Place; readonly says: YamlMap }
  readonly step: YamlMap
}

/** Finds the step that uses this action. Throws `configuration` where there is none or more than one. */
export function ownStep(text: string, path: string): OwnStep {
  const { node, problems } = readYaml(text, path)
  const [first] = problems
  if (first) refuse(`${first.place}: ${first.problem}`, 'Mend the workflow; GitHub would refuse it as well.')
  const steps = node?.kind === 'map' ? stepsOf(node) : []
  const [step] = steps
  if (step && steps.length === 1) return step
  return refuse(
    `${path} has ${steps.length === 0 ? 'no step' : `${steps.length} steps`} with \`uses: …/dbt-oidc@…\`.`,
    steps.length === 0
      ? 'Name the workflow that uses the action.'
      : 'Write a policy file (.github/dbt-oidc.yml) with a target for each of them.',
  )
}

function stepsOf(workflow: YamlMap): readonly OwnStep[] {
  const jobs = mapOf(workflow, 'jobs')
  return [...(jobs?.entries ?? [])].flatMap(([name, { key, value }]) => {
    if (value.kind !== 'map') return []
    const steps = value.entries.get('steps')?.value
    const own = steps?.kind === 'list' ? steps.items.filter((one) => one.kind === 'map').filter(usesUs) : []
    return own.map((step) => ({ workflow, job: { name, place: key, says: value }, step }))
  })
}

function usesUs(step: YamlMap): boolean {
  const uses = step.entries.get('uses')?.value
  return uses?.kind === 'scalar' && /(^|\/)dbt-oidc(@|$)|^[.$]\/?$/.test(uses.text)
}

/** The map below a key, where there is one. */
export function mapOf(node: YamlNode, key: string): YamlMap | undefined {
  const value = node.kind === 'map' ? node.entries.get(key)?.value : undefined
  return value?.kind === 'map' ? value : undefined
}

function refuse(problem: string, remedy: string): never {
  return fail({ code: 'configuration', problem, remedy })
}
