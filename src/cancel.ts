import { DbtOidcError } from './errors.ts'
import type { Host } from './host.ts'

/** The runner cancels with SIGINT, then SIGTERM; a second SIGINT is a person who will not wait. */
export function listen(): Pick<Host, 'signal' | 'kill'> {
  const [cancelled, killed] = [new AbortController(), new AbortController()]
  process.on('SIGINT', () => (cancelled.signal.aborted ? killed : cancelled).abort(cancellation()))
  process.on('SIGTERM', () => cancelled.abort(cancellation()))
  return { signal: cancelled.signal, kill: killed.signal }
}

/** Whatever waits is thrown this, so it has to be an error that can be told. */
function cancellation(): DbtOidcError {
  return new DbtOidcError({
    code: 'cancelled',
    problem: 'The job was cancelled.',
    remedy: 'Run the job again.',
  })
}
