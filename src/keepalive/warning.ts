import { untilBelow, type Life } from './freshness.ts'
import { waited } from './wait.ts'

/** What is left of a life when the end is told: enough to look, too little to be told for nothing. */
const NEAR = 0.1

/** Tells once that what cannot be renewed is about to end, unless `until` is aborted before. */
export async function warnOfEnd(life: Life, now: Date, tell: () => void, until: AbortSignal): Promise<void> {
  const wait = untilBelow(NEAR, life, now)
  if (wait === undefined) return
  if (await waited(wait, until)) tell()
}
