import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import type { Host } from './host.ts'

/** Milliseconds that a cancelled run has for what it says last: the runner waits seven seconds in all. */
const PATIENCE = 1000

/**
 * Waits until all that was said is read, and tells whether it was; only for a moment once the job is cancelled, and no
 * longer where somebody will not wait.
 */
export async function lastWords({
  writer,
  signal,
  kill,
}: Pick<Host, 'signal' | 'kill'> & {
  readonly writer: Pick<Host['writer'], 'close' | 'allRead'>
}): Promise<boolean> {
  writer.close()
  const unread = Promise.race([aborted(kill), aborted(signal).then(() => setTimeout(PATIENCE))])
  return Promise.race([writer.allRead(), unread.then(() => false)])
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort')
}
