import { projectPath, type Host } from '../host.ts'
import type { Publication } from '../publish.ts'
import { decisionMarkdown } from '../report/decision.ts'
import { failureOf } from '../report/failure.ts'
import type { Report, RunFacts } from '../report/report.ts'
import type { Stop } from '../report/stop.ts'
import { Denied } from '../run.ts'
import { scrubOf } from './failures.ts'

/** The summary of a run that was refused or broke. */
export async function failureSummary(error: unknown, publication: Publication): Promise<string> {
  const { policyMarkdown } = await import('../report/sections.ts')
  const { summariseDenial, summariseFailure } = await import('../report/summary.ts')
  const facts = factsOf(publication)
  if (error instanceof Denied)
    return summariseDenial(
      `${policyMarkdown(publication.config?.policy)}${decisionMarkdown(error.decision)}`,
      facts,
    )
  return summariseFailure(failureOf(error, scrubOf(publication.host)), facts)
}

/** Writes the summary of a run that came to its last word. */
export async function summary(
  report: Report,
  stop: Stop | undefined,
  publication: Publication,
): Promise<void> {
  const { config, host } = publication
  const found = stop && (await import('../report/stop.ts')).stopMarkdown(report, stop)
  const options = stop ? { until: stop.until, ...(found === undefined ? {} : { found }) } : {}
  const warnings = [...(config?.warnings ?? []), ...report.warnings]
  const told = { ...report, warnings, policy: config?.policy }
  const { summarise } = await import('../report/summary.ts')
  await tell(host, summarise(told, factsOf(publication), options))
}

/** A summary that cannot be written is worth a warning; the run is what matters. */
export async function tell(host: Host, markdown: string): Promise<void> {
  try {
    await host.summary(host.writer.scrub(markdown))
  } catch {
    host.writer.warning('The job summary could not be written.', { title: 'dbt-oidc' })
  }
}

/** What the summary, the annotations and the comment say of the run itself. */
export function factsOf({ config, host }: Pick<Publication, 'config' | 'host'>): RunFacts {
  return { ...host.facts, projectPath: config ? projectPath(host.workspace, config.projectDir) : '' }
}
