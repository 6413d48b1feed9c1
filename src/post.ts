import { cleanUp } from './clean-up.ts'
import { openHost } from './host.ts'

/** What cleans up, whatever became of the step: end, revoke, remove. Only what this very step left is touched. */
export async function post(): Promise<void> {
  const never = new AbortController().signal
  const host = openHost(process.env, { signal: never, kill: never })
  process.exitCode = (await cleanUp(host)) ? 0 : 1
  host.writer.close()
  await host.writer.allRead()
  process.exit()
}
