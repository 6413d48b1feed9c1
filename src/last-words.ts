import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import type { Host } from './host.ts'

/** Milliseconds that a cancelled run has for what it says last: the runner waits seven seconds in all. */
const PATIENCE = 1000

/** Waits until all that was said is read; only for a moment once the job is cancelled, and no longer where somebody will not wait. */
export async function lastWords({
  writer,
  signal,
  kill,
}: Pick<Host, 'signal' | 'kill'> & {
  readonly writer: Pick<Host['writer'], 'close' | 'allRead'>
}): Promise<void> {
  writer.close()
  await Promise.race([writer.allRead(), aborted(kill), aborted(signal).then(() => setTimeout(PATIENCE))])
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort')
}
