import { DbtOidcError } from './errors.ts'
import type { Host } from './host.ts'

/** The runner cancels with SIGINT, then SIGTERM; a second SIGINT is a person who will not wait. `by` is told the first signal. */
export function listen(
  further: readonly NodeJS.Signals[] = ['SIGTERM'],
  by: (signal: NodeJS.Signals) => void = () => undefined,
): Pick<Host, 'signal' | 'kill'> {
  const [cancelled, killed] = [new AbortController(), new AbortController()]
  const cancel = (signal: NodeJS.Signals): void => {
    if (cancelled.signal.aborted) return
    by(signal)
    cancelled.abort(cancellation())
  }
  process.on('SIGINT', () => (cancelled.signal.aborted ? killed.abort(cancellation()) : cancel('SIGINT')))
  for (const signal of further) process.on(signal, () => cancel(signal))
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
