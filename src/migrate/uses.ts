import type { Profile } from './outputs.ts'
import { isNeutral, type DbtCommand } from './script.ts'
import { evaluated, profileValue, type Scope } from './value.ts'
import type { Job, Step, Workflow } from './workflow.ts'

/** A command of a step, with the target that it builds. */
export interface Use {
  readonly workflow: Workflow
  readonly job: Job
  readonly step: Step
  readonly target: string
  readonly profile: Profile
}

/** Every target that a command of a workflow builds; what cannot be read from the files becomes a note. */
export function usesOf(workflow: Workflow, profiles: readonly Profile[], notes: string[]): readonly Use[] {
  return workflow.jobs.flatMap((job) =>
    job.steps.flatMap((step) =>
      (step.script?.commands ?? []).flatMap((command) => {
        if (isNeutral(command)) return []
        const profile = profileOf(command, profiles)
        const about = `${workflow.path}, job ${job.name}`
        if (!profile) {
          notes.push(
            `${about}: it does not say which profile \`dbt ${command.words}\` uses; there are several.`,
          )
          return []
        }
        return targetsOf(command.target, { job, step, profile }).flatMap((target) => {
          if (profile.outputs.has(target)) return [{ workflow, job, step, target, profile }]
          notes.push(
            `${about}: the target of \`dbt ${command.words}\` is not to be read from the files (${target}).`,
          )
          return []
        })
      }),
    ),
  )
}

/** The names of the targets that a command may have: several where a matrix says so. */
function targetsOf(
  written: string | undefined,
  { job, step, profile }: Pick<Use, 'job' | 'step' | 'profile'>,
): readonly string[] {
  const text = written ?? step.env.get('DBT_TARGET') ?? profile.target
  const matrix = /^\$\{\{\s*matrix\.([\w-]+)\s*\}\}$/.exec(text)?.[1]
  const values = matrix === undefined ? undefined : job.matrix[matrix]
  if (Array.isArray(values)) return values.map(String)
  const variable = /^\$\{?(\w+)\}?$/.exec(text)?.[1]
  const scope: Scope = step.env
  const told = evaluated(variable === undefined ? text : (scope.get(variable) ?? text), scope)
  if ('unknown' in told) return [told.unknown.source]
  const value = profileValue(told.text, scope)
  return ['text' in value ? value.text : value.unknown.source]
}

/** What the input `target` says: the expression of a matrix, or the name that the command would have had. */
export function inputOf(step: Step, command: DbtCommand, profiles: readonly Profile[]): string | undefined {
  const text = command.target ?? step.env.get('DBT_TARGET') ?? profileOf(command, profiles)?.target ?? ''
  const variable = /^\$\{?(\w+)\}?$/.exec(text)?.[1]
  const written = variable === undefined ? text : (step.env.get(variable) ?? '')
  if (written.includes('${{')) return written
  const value = profileValue(written, step.env)
  return 'text' in value && value.text !== '' ? value.text : undefined
}

function profileOf(command: DbtCommand, profiles: readonly Profile[]): Profile | undefined {
  return (
    profiles.find(({ name }) => name === command.profile) ?? (profiles.length === 1 ? profiles[0] : undefined)
  )
}
