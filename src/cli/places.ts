import { DbtOidcError } from '../errors.ts'
import type { Given } from './sources.ts'
import { placesOfInputs } from './workflow.ts'

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

/** A place within the text of an input, as one of the file: a block begins on the line below its `|`, indented. */
function within(text: string, place: string, row = '1', column = '1'): string {
  const [path, line, first] = numbered(place)
  const [opening = '', ...body] = text.split('\n').slice(line - 1)
  if (!/^[|>]/.test(opening.slice(first - 1)))
    return row === '1' ? `${path}:${line}:${first + Number(column) - 1}` : place
  const filled = body.find((one) => one.trim() !== '') ?? ''
  return `${path}:${line + Number(row)}:${filled.search(/\S|$/) + Number(column)}`
}

function numbered(place: string): readonly [string, number, number] {
  const parts = place.split(':')
  const [line, column] = parts.slice(-2).map(Number)
  return [parts.slice(0, -2).join(':'), line ?? 1, column ?? 1]
}
