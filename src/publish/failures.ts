import { failed, type LineResult } from '../dbt/result.ts'
import { DbtOidcError } from '../errors.ts'
import type { Host } from '../host.ts'
import type { Annotation } from '../report/annotations.ts'
import { called } from '../report/called.ts'
import { annotationOf, failureLines } from '../report/failure.ts'

/** What a failure says, without secrets and with a call that can be pasted. */
export function scrubOf({ writer, env, inWords }: Host): (text: string) => string {
  return (text) => called(inWords ? {} : env, writer.scrub(text))
}

/** As an error of its own, since dbt itself could say nothing any more. */
export function tellSignal({ command, signal }: LineResult, host: Host): void {
  if (signal === undefined) return
  const memory =
    signal === 'SIGKILL'
      ? ' On a runner that is mostly the want of memory: fewer `threads`, or a larger runner.'
      : ''
  host.writer.error(`${command} was ended by ${signal}.${memory}`, { title: 'dbt-oidc: dbt-killed' })
}

/** In the log always; as an annotation only where no node of dbt's has its own. */
export function tellFailure({ failure, artifacts }: LineResult, host: Host): void {
  if (!failure) return
  const scrub = scrubOf(host)
  const error = new DbtOidcError(failure)
  for (const line of failureLines(error, { colour: host.colour, scrub })) host.writer.line(line)
  if (failure.code !== 'dbt' || !artifacts?.nodes.some(failed)) annotate(host, annotationOf(error, scrub))
}

/** One annotation; in words on a terminal there is none. */
export function annotate(host: Host, { level, message, ...place }: Annotation): void {
  if (host.inWords) return
  host.writer[level](message, place)
}
