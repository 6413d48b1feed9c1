import { cleanUp } from './clean-up.ts'
import { openHost } from './host.ts'
import { lastWords } from './last-words.ts'

/** What cleans up, whatever became of the step: end, revoke, remove. Only what this very step left is touched. */
export async function post(): Promise<void> {
  const never = new AbortController().signal
  const host = openHost(process.env, { signal: never, kill: never })
  const clean = await cleanUp(host)
  process.exitCode = (await lastWords(host)) && clean ? 0 : 1
  process.exit()
}
