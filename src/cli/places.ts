import { DbtOidcError } from '../errors.ts'
import type { Given } from './sources.ts'
import { placesOfInputs } from './workflow.ts'
import { within } from './workflow/within.ts'

/** A workflow as it was read. */
export interface Workflow {
  readonly path: string
  readonly text: string
}

/**
 * The same refusal for somebody who sits before files and options: an input is a place in the workflow, or the option
 * that stands for it, and nobody has left out a checkout.
 */
export function atHome(error: unknown, given: Given, workflow: Workflow | undefined): unknown {
  if (!(error instanceof DbtOidcError)) return error
  const { code, problem, remedy, cause } = error
  const places = workflow ? placesOfInputs(workflow.text, workflow.path) : new Map<string, string>()
  const details = error.details.map((line) =>
    line
      .replace(/^input "([\w-]+)"(?::(\d+):(\d+))?/, (whole, name: string, row?: string, column?: string) => {
        const place = places.get(name)
        if (place !== undefined && workflow)
          return `${within(workflow.text, place, row, column)} (input "${name}")`
        return name === 'config' && given.config !== undefined ? '--config' : whole
      })
      .replace(' Was the repository checked out before this step?', ''),
  )
  return new DbtOidcError({ code, problem, remedy, cause, details })
}
