import type { Config } from '../../config.ts'
import type { Sources } from '../../config/sources.ts'
import { audienceOf } from '../../config/target.ts'
import { exchanges } from '../../exchanges/index.ts'
import { visible } from '../../policy/visible.ts'
import { recognise } from '../../trust/recognise.ts'
import type { Phase } from '../../trust/rotate/plan.ts'
import { tokenRecords, usesOf } from '../../trust/rotate/uses.ts'
import { warehouses } from '../../warehouses/index.ts'
import { logText } from '../audit/files.ts'
import { onBranches } from './branches.ts'
import type { Policy } from './policy.ts'

const HOUR = 3_600_000

/** Where to look for whoever still uses the old agreement. */
export interface Looking {
  /** Audit logs of runs. */
  readonly audit: readonly string[]
  /** What platforms print of the trust, where they say when it was last used. */
  readonly shown: readonly string[]
  /** Hours without a use of the old one; a run that began before may live so long. */
  readonly quiet: number
}

/** What was found: nothing that `blocks` means that the old one may go. */
export interface Evidence {
  readonly blocks: readonly string[]
  readonly notes: readonly string[]
}

/** Throws `configuration` for the first of these files that cannot be read. */
export async function expectFiles(names: readonly string[]): Promise<void> {
  for (const name of names) await logText(name)
}

/** Looks for whoever still uses the old agreement of a target. */
export async function evidenceOf(
  phase: Phase,
  target: string,
  looking: Looking,
  { policy, sources }: { readonly policy: Policy; readonly sources: Sources },
): Promise<Evidence> {
  const all = [
    await fromAudit(phase, target, looking, sources.today),
    await fromPlatforms(phase, looking, sources.today),
    await fromBranches(phase, target, policy, sources),
  ]
  return { blocks: all.flatMap(({ blocks }) => blocks), notes: all.flatMap(({ notes }) => notes) }
}

async function fromAudit(
  { old, fresh }: Phase,
  target: string,
  { audit, quiet }: Looking,
  now: Date,
): Promise<Evidence> {
  if (audit.length === 0)
    return {
      blocks: ['No audit log was looked at: give those of the runs since the move with --audit FILE…'],
      notes: [],
    }
  if (old.audience === fresh.audience && old.identity === fresh.identity)
    return {
      blocks: ['The audit log does not tell the old from the new: ask the platform who came last.'],
      notes: [],
    }
  const records = (
    await Promise.all(audit.map(async (name) => tokenRecords(await logText(name), name)))
  ).flat()
  const uses = usesOf(records, { target, old, fresh, now, quiet: quiet * HOUR })
  const none =
    uses.fresh === 0
      ? [`No run has used the new one yet in ${audit.length} audit log(s): has the policy changed?`]
      : []
  return {
    blocks: [
      ...none,
      ...uses.old.map(({ time, who, started }) =>
        started
          ? `${who} used the old one at ${time.toISOString()}, less than ${quiet} hours ago, and may still be running.`
          : `${who} used the old one at ${time.toISOString()}, after the move.`,
      ),
    ],
    notes:
      uses.since === undefined
        ? []
        : [`The new one was used ${uses.fresh} times since ${uses.since.toISOString()}.`],
  }
}

/** A platform that tells when a way in was last used knows best, also of runs that left no audit log here. */
async function fromPlatforms({ old, fresh }: Phase, { shown, quiet }: Looking, now: Date): Promise<Evidence> {
  const read = await Promise.all(
    shown.map(async (name) => recognise(await logText(name), name, { warehouses, exchanges })),
  )
  const blocks = read.flat().flatMap(({ statement }) =>
    statement.ways.flatMap((way) => {
      const isOld = way.audiences.includes(old.audience) && !way.audiences.includes(fresh.audience)
      const used = way.usedAt ?? statement.usedAt
      if (!isOld || used === undefined || used.getTime() < now.getTime() - quiet * HOUR) return []
      return [`${statement.platform}: ${visible(way.name)} was used at ${used.toISOString()}.`]
    }),
  )
  return { blocks, notes: [] }
}

/** A branch whose policy still asks for the old one is refused there from then on, if its runs are granted anything. */
async function fromBranches(
  { old }: Phase,
  target: string,
  policy: Policy,
  sources: Sources,
): Promise<Evidence> {
  const all = await onBranches(sources.workspace, policy.path)
  const still: string[] = []
  for (const { branch, text: written } of all) {
    const config = await policy.read(written).catch((): Config | undefined => undefined)
    const there = config?.targets.get(target)
    if (there && audienceOf(there) === old.audience) still.push(visible(branch))
  }
  return {
    blocks: [],
    notes:
      still.length === 0
        ? []
        : [
            `These branches still ask for the old one, and are refused from then on: ${still.slice(0, 20).join(', ')}${still.length > 20 ? ` and ${still.length - 20} more` : ''}.`,
          ],
  }
}
