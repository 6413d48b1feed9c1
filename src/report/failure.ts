import { DbtOidcError, type Failure } from '../errors.ts'
import type { Annotation } from './annotations.ts'
import { clip, oneLine, plain } from './plain.ts'

/** Takes known secrets out of a text. */
export type Scrub = (text: string) => string

/** How a failure is written to the log. */
export interface FailureStyle {
  readonly colour: boolean
  readonly scrub: Scrub
}

const CAUSES = 500
const MESSAGE = 4096

/**
 * Anything thrown, as a failure to show. An error of ours is shown as it is; anything else is a fault of this action,
 * of which only the class and the scrubbed message are known to be safe.
 */
export function failureOf(error: unknown, scrub: Scrub): Failure {
  // When cleaning up fails too, the first error is the one that explains.
  if (isSuppressed(error)) return failureOf(error.suppressed, scrub)
  if (error instanceof DbtOidcError) return scrubbed(error, scrub)
  return {
    code: 'internal',
    problem: `This is a fault of the action: ${clip(describe(error, scrub), CAUSES)}`,
    remedy: 'Run the job again with debug logging switched on, and report the fault together with the log.',
    cause: error instanceof Error ? error.cause : undefined,
  }
}

function scrubbed(error: DbtOidcError, scrub: Scrub): Failure {
  const { code, problem, remedy, details, cause } = error
  return { code, problem: scrub(problem), remedy: scrub(remedy), details: details.map(scrub), cause }
}

/** The lines that end a failed run's log. */
export function failureLines(error: unknown, style: FailureStyle): readonly string[] {
  const failure = failureOf(error, style.scrub)
  const paint = painter(style.colour)
  const [first = '', ...rest] = lines(failure.problem)
  const causes = clip(
    [...cleanup(error, style.scrub), ...chain(failure.cause, style.scrub)].join(' ← '),
    CAUSES,
  )
  return [
    `${paint('1;31', `✗ ${failure.code}`)}: ${first}`,
    ...rest.map(indent),
    ...(failure.details ?? []).flatMap(lines).map(indent),
    ...lines(failure.remedy).map((line, at) => (at === 0 ? `${paint('1;36', '→')} ${line}` : indent(line))),
    ...(causes === '' ? [] : [paint('2', `  caused by ${causes}`)]),
  ]
}

/** The annotation of a failed run: it belongs to no file. */
export function annotationOf(error: unknown, scrub: Scrub): Annotation {
  const failure = failureOf(error, scrub)
  const parts = [failure.problem, ...(failure.details ?? []), failure.remedy].map(plain)
  return { level: 'error', title: `dbt-oidc: ${failure.code}`, message: clip(parts.join('\n'), MESSAGE) }
}

function lines(text: string): readonly string[] {
  return plain(text).trimEnd().split('\n')
}

function indent(line: string): string {
  return line === '' ? '' : `  ${line}`
}

function painter(colour: boolean): (codes: string, text: string) => string {
  return (codes, text) => (colour ? `\u001b[${codes}m${text}\u001b[0m` : text)
}

function describe(error: unknown, scrub: Scrub): string {
  if (error instanceof Error)
    return oneLine(scrub(error.message === '' ? error.name : `${error.name}: ${error.message}`))
  if (typeof error === 'string') return oneLine(scrub(error))
  return error === null || typeof error !== 'object' ? String(error) : 'something that is no error was thrown'
}

/** By name: Node.js 20, which the command line may run on, has no such class and takes an error of that name. */
function isSuppressed(error: unknown): error is Pick<SuppressedError, 'error' | 'suppressed'> {
  return (
    error instanceof Error && error.name === 'SuppressedError' && 'error' in error && 'suppressed' in error
  )
}

function cleanup(error: unknown, scrub: Scrub): readonly string[] {
  return isSuppressed(error) ? [`(cleaning up failed too: ${describe(error.error, scrub)})`] : []
}

function chain(cause: unknown, scrub: Scrub): readonly string[] {
  const told: string[] = []
  const seen = new Set<unknown>()
  for (let at = cause; at !== undefined && at !== null && !seen.has(at); at = causeOf(at)) {
    seen.add(at)
    told.push(describe(at, scrub))
  }
  return told
}

function causeOf(error: unknown): unknown {
  if (error instanceof AggregateError) return error.cause ?? error.errors[0]
  return error instanceof Error ? error.cause : undefined
}
