import { resolve } from 'node:path'
import * as z from 'zod/mini'
import { HISTORIES, type HistoryName, type HistoryQuery, type HistoryRequest } from '../../audit/history.ts'
import { POLICY_PATH } from '../../config/policy-place.ts'
import type { Target } from '../../config/target.ts'
import { toJs } from '../../profile.ts'
import { readRegular } from '../../regular.ts'
import { comment } from '../../trust/quote.ts'
import { configured } from '../configuration.ts'
import { chosen } from '../targets.ts'
import { printDocument, printJson } from '../print.ts'

/** Whose history is wanted, and what it is told from. */
export interface Asking {
  readonly identity?: readonly string[]
  readonly config?: string
  readonly targets?: readonly string[] | undefined
  readonly since?: Date
  readonly until?: Date
  readonly json?: boolean
}

const MONTH = 30 * 86_400_000

/** Prints the query that lists logins and runs from a vendor's own history, about the targets of the policy where there is one. */
export async function tellHistory(name: HistoryName, asking: Asking): Promise<void> {
  const until = asking.until ?? new Date()
  const since = asking.since ?? new Date(until.getTime() - MONTH)
  const targets = (await targetsOf(asking)).filter((target) => kindOf(target) === name)
  const known = targets.flatMap((target) => knownOf(name, target))
  const request: HistoryRequest = {
    since,
    until,
    identities: asking.identity ?? [...new Set(known.flatMap(({ identity }) => identity ?? []))],
    places: known.flatMap(({ place }) => place ?? []),
  }
  const queries: readonly HistoryQuery[] = HISTORIES[name](request)
  if (asking.json) printJson(queries)
  else printDocument(queries.map(titled).join('\n\n'))
}

function titled({ title, notes, text }: HistoryQuery): string {
  return `${comment('--', [title, ...notes])}\n${text}`
}

async function targetsOf({ config, targets }: Asking): Promise<readonly Target[]> {
  const { kind } = await readRegular(resolve(config ?? POLICY_PATH))
  if (kind === 'missing' && config === undefined) return []
  const found = await configured(config === undefined ? {} : { config })
  return targets
    ? targets.flatMap((target) => chosen(found.config, target))
    : [...found.config.targets.values()]
}

/** Who keeps the history of a target: the warehouse that sees the run come, or the cloud that lets it in. */
function kindOf({ via, warehouse }: Target): string {
  return via === 'aws' || via === 'aws-identity-center' ? 'aws' : warehouse.type
}

const output = z.object({
  user: z.optional(z.string()),
  project: z.optional(z.string()),
  location: z.optional(z.string()),
})
const settings = z.object({ 'service-account': z.optional(z.string()), role: z.optional(z.string()) })

interface Known {
  readonly identity?: string | undefined
  readonly place?: HistoryRequest['places'][number]
}

function knownOf(name: HistoryName, target: Target): readonly Known[] {
  const { user, project, location = 'us' } = output.parse(toJs(target.output, target.lookup))
  const { 'service-account': account, role } = settings.parse(target.settings)
  if (name === 'snowflake') return [{ identity: user }]
  if (name === 'aws') return [{ identity: role }]
  return [{ identity: account, ...(project !== undefined && { place: { project, location } }) }]
}
