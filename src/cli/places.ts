import { DbtOidcError } from '../errors.ts'
import type { Given } from './sources.ts'
import { placesOfInputs } from './workflow.ts'
import { within } from './workflow/within.ts'

/** A workflow as it was read. */
export interface Workflow {
  readonly path: string
  readonly text: string
}

/** A place, or a sentence with its place in front, for somebody who sits before files and options. */
export type Home = (line: string) => string

/**
 * Says of an input its place in the workflow, or the option that stands for it: nobody there has inputs before them, or has
 * left out a checkout.
 */
export function homeIn(given: Given, workflow: Workflow | undefined): Home {
  const { step, inputs } = workflow ? placesOfInputs(workflow.text, workflow.path) : NOWHERE
  return (line) =>
    line
      .replace(/^input "([\w-]+)"(?::(\d+):(\d+))?/, (whole, name: string, row?: string, column?: string) => {
        const place = inputs.get(name)
        if (place !== undefined && workflow)
          return `${within(workflow.text, place, row, column)} (input "${name}")`
        return name === 'config' && given.config !== undefined ? '--config' : whole
      })
      .replace(/^inputs(?=: |$)/, (whole) => step ?? whole)
      .replace(' Was the repository checked out before this step?', '')
}

const NOWHERE = { step: undefined, inputs: new Map<string, string>() }

/** The same refusal, with each problem where it is at home. */
export function atHome(error: unknown, home: Home): unknown {
  if (!(error instanceof DbtOidcError)) return error
  const { code, problem, remedy, cause } = error
  return new DbtOidcError({ code, problem, remedy, cause, details: error.details.map(home) })
}
