import { readConfig, type Config } from './config.ts'
import { DbtOidcError } from './errors.ts'
import { exchanges } from './exchanges/index.ts'
import { openHost, readInputs, sourcesOf, type Host } from './host.ts'
import { publish, publishFailure } from './publish.ts'
import { run, type Known } from './run.ts'
import { warehouses } from './warehouses/index.ts'
import { absenceOf, withoutToken } from './without-token.ts'

/** The step: exit code 1 from its first line (set by dist/main.js) until the last word of the sentence has succeeded. */
export async function main(): Promise<void> {
  const host = openHost(process.env, listen())
  if (host.rehearsal)
    host.writer.line(`rehearsal: GitHub is ${host.rehearsal.server}, and no request leaves this machine`)
  process.exitCode = (await step(host)) ? 0 : 1
  host.writer.close()
  // Sockets and timers of a failed request must not keep a finished step alive.
  process.exit()
}

/** The runner cancels with SIGINT, then SIGTERM; a second SIGINT is a person who will not wait. */
function listen(): Pick<Host, 'signal' | 'kill'> {
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

/** Whether the step has succeeded. Every way out ends here: nothing else catches. */
async function step(host: Host): Promise<boolean> {
  const started = performance.now()
  const known: Known = {}
  let config: Config | undefined
  try {
    config = await readConfig(sourcesOf(host, readInputs(process.env)), { warehouses, exchanges })
    const absence = await absenceOf(host)
    if (absence) return await withoutToken(absence, config, host)
    const report = await run(config, host, known)
    return await publish(report, { config, host, known, started })
  } catch (error) {
    await publishFailure(error, { config, host, known, started })
    return false
  }
}
