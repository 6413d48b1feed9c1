import { listen } from './cancel.ts'
import { readConfig, type Config } from './config.ts'
import { openHost, readInputs, sourcesOf, type Host } from './host.ts'
import { lastWords } from './last-words.ts'
import { policyLine } from './config/policy-place.ts'
import { publish, publishFailure } from './publish.ts'
import { registriesByName } from './registries.ts'
import { run, type Known } from './run.ts'
import { absenceOf, withoutToken } from './without-token.ts'

/** The step: exit code 1 from its first line (set by dist/main.js) until the last word of the sentence has succeeded. */
export async function main(): Promise<void> {
  const host = openHost(process.env, listen())
  if (host.rehearsal)
    host.writer.line(`rehearsal: GitHub is ${host.rehearsal.server}, and no request leaves this machine`)
  const succeeded = await step(host)
  // What nobody could read did not happen for whoever looks at the job.
  process.exitCode = (await lastWords(host)) && succeeded ? 0 : 1
  // Sockets and timers of a failed request must not keep a finished step alive.
  process.exit()
}

/** Whether the step has succeeded. Every way out ends here: nothing else catches. */
async function step(host: Host): Promise<boolean> {
  const started = performance.now()
  const known: Known = {}
  let config: Config | undefined
  try {
    config = await readConfig(sourcesOf(host, readInputs(process.env)), registriesByName())
    if (config.policy?.commit) host.writer.line(policyLine(config.policy))
    const absence = await absenceOf(host)
    if (absence) return await withoutToken(absence, config, host)
    const report = await run(config, host, known)
    return await publish(report, { config, host, known, started })
  } catch (error) {
    await publishFailure(error, { config, host, known, started })
    return false
  }
}
