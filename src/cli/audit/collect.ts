import * as z from 'zod/mini'
import { readAudit, type AuditLog } from '../../audit/read.ts'
import { matches } from '../../pattern.ts'
import { visible } from '../../policy/visible.ts'
import type { AuditRecord } from '../../report/audit-record.ts'
import type { Ask } from '../github.ts'
import type { Download } from './download.ts'
import { listed } from './listed.ts'
import { untoldBy } from './refusal.ts'
import { checkPattern, namesOf } from './repositories.ts'
import { logsIn } from './zip.ts'

/** What to collect. */
export interface Collecting {
  /** `owner/name`, where the name may be a pattern. */
  readonly repositories: readonly string[]
  /** The name of the artifacts, as a pattern. */
  readonly artifact: string
  readonly since?: Date | undefined
}

interface Means {
  readonly ask: Ask
  readonly download: Download
  /** Says how far it has come. */
  readonly say: (line: string) => void
}

/** Downloads at a time; GitHub asks for few. */
const TOGETHER = 6

const artifact = z.object({
  id: z.number(),
  name: z.string(),
  expired: z.boolean(),
  created_at: z.nullable(z.string()),
  workflow_run: z.optional(z.nullable(z.object({ id: z.optional(z.number()) }))),
})
const artifacts = z.object({ artifacts: z.array(artifact) })

type Artifact = z.infer<typeof artifact>

/** Collects the audit logs that the runs of some repositories have kept as artifacts. What is not told is named. */
export async function collect(collecting: Collecting, means: Means): Promise<readonly AuditLog[]> {
  collecting.repositories.forEach(checkPattern)
  const logs: AuditLog[] = []
  const untold = (what: string, error: unknown): boolean => {
    const { why, over } = untoldBy(error)
    logs.push(missing(`${what}: ${why}.`))
    return over
  }
  const names = new Set<string>()
  for (const pattern of collecting.repositories)
    try {
      for (const name of await namesOf(pattern, means.ask)) names.add(name)
    } catch (error) {
      if (untold(`The repositories ${visible(pattern)} are not told`, error)) return logs
    }
  for (const name of names)
    try {
      const found = await artifactsOf(name, collecting, means.ask)
      means.say(`${name}: ${found.length} artifacts`)
      await logsOf(name, found, { ...means, keep: (log) => logs.push(log) })
    } catch (error) {
      if (untold(`The artifacts of ${visible(name)} are not told`, error)) {
        logs.push(missing('Repositories after it were not asked for theirs.'))
        return logs
      }
    }
  return logs
}

function missing(fault: string): AuditLog {
  return { records: [], faults: [fault] }
}

async function artifactsOf(
  repository: string,
  { artifact: pattern, since }: Collecting,
  ask: Ask,
): Promise<readonly Artifact[]> {
  const [owner = '', repo = ''] = repository.split('/')
  const all = await listed(
    (page) => ask('GET /repos/{owner}/{repo}/actions/artifacts', { owner, repo, ...page }),
    z.pipe(
      artifacts,
      z.transform((answer) => answer.artifacts),
    ),
  )
  // An artifact is made after its records, so that an older one holds none that are asked for.
  return all.filter(
    ({ name, created_at: made }) =>
      matches(pattern, name) && !(since && made !== null && new Date(made) < since),
  )
}

/** Hands on each log as it comes: what was got before a rate limit is not lost. */
async function logsOf(
  repository: string,
  all: readonly Artifact[],
  means: Means & { readonly keep: (log: AuditLog) => void },
): Promise<void> {
  for (let at = 0; at < all.length; at += TOGETHER) {
    const some = all.slice(at, at + TOGETHER)
    const got = await Promise.allSettled(some.map((one) => logOf(repository, one, means)))
    for (const result of got) if (result.status === 'fulfilled') means.keep(result.value)
    for (const [index, result] of got.entries()) {
      if (result.status === 'fulfilled') continue
      const { why, over } = untoldBy(result.reason)
      if (over) throw result.reason
      means.keep(missing(`${calledBy(repository, some[index])} is not given: ${why}.`))
    }
  }
}

async function logOf(repository: string, found: Artifact, { ask, download }: Means): Promise<AuditLog> {
  const [owner = '', repo = ''] = repository.split('/')
  const { id, expired, workflow_run: run, created_at: made } = found
  const called = calledBy(repository, found)
  if (expired) return missing(`${called} has expired; it was made ${made ?? 'at an unknown time'}.`)
  const route = 'GET /repos/{owner}/{repo}/actions/artifacts/{artifact_id}/zip'
  const { headers } = await ask(route, { owner, repo, artifact_id: id })
  const texts = await logsIn(await download(String(headers?.['location'] ?? '')))
  if (texts.length === 0) return missing(`${called} holds no audit log.`)
  const read = texts.map(([file, text]) => readAudit(text, `${called}, ${file}`))
  return ofThisRun(read, { repository, run: run?.id, called })
}

function calledBy(repository: string, found: Artifact | undefined): string {
  return `${repository}: the artifact ${visible(found?.name ?? '')} of run ${found?.workflow_run?.id ?? '?'}`
}

/** GitHub tells which run has left an artifact: what claims to be of another one was not written by the action. */
function ofThisRun(
  read: readonly AuditLog[],
  { repository, run, called }: { repository: string; run: number | undefined; called: string },
): AuditLog {
  const all = read.flatMap(({ records }) => records)
  const fits = ({ claims }: AuditRecord): boolean =>
    claims['repository']?.toLowerCase() === repository.toLowerCase() && claims['run_id'] === String(run)
  const records = all.filter(fits)
  const strange = all.length - records.length
  return {
    records,
    faults: [
      ...read.flatMap(({ faults }) => faults),
      ...(strange === 0 ? [] : [`${called} holds ${strange} records of other runs, which are left out.`]),
    ],
  }
}
