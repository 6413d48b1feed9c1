import { writeFile } from 'node:fs/promises'
import { namedFrom } from '../inside.ts'
import type { Config } from '../config.ts'
import type { Sources } from '../config/sources.ts'
import { audienceOf, type Target } from '../config/target.ts'
import { fail } from '../errors.ts'
import type { Changed } from '../trust/parts.ts'
import { nextAudience } from '../trust/rotate/next.ts'
import { first, second, type Phase, type State } from '../trust/rotate/plan.ts'
import { writtenAt, type Edit } from '../trust/rotate/policy-edit.ts'
import { evidenceOf, type Evidence, type Looking } from './rotate/evidence.ts'
import { policyOf, type Policy } from './rotate/policy.ts'
import { rotationText } from './rotate/text.ts'
import { writeAll } from './out.ts'
import { printDocument, printJson } from './print.ts'

/** A value of the target, by the keys that lead to it. */
export type Value = Edit & { readonly value: string }

/** What the command line says of a rotation. */
export interface Wanted {
  /** The new audience; the old one with the quarter behind it unless told. */
  readonly audience?: string
  /** Values of the target that change instead of the audience, `identity.role=arn:…`. */
  readonly set: readonly Value[]
  /** Their values before the first phase; with them it is the second. */
  readonly was: readonly Value[]
  readonly looking: Looking
  /** The old one goes whatever was found. */
  readonly unchecked: boolean
  readonly write: boolean
  readonly out?: string
  readonly json: boolean
}

/** One phase, ready to be carried out. */
export interface Rotation {
  readonly target: Target
  readonly phase: Phase
  readonly policy: { readonly path: string; readonly before: string; readonly after: string }
  /** Values that change instead of the audience. */
  readonly values: readonly { readonly key: string; readonly old: string; readonly fresh: string }[]
  /** Of the second phase: who still uses the old one. */
  readonly evidence?: Evidence
}

/** Prints the next phase of a target's rotation. True: it can be carried out; false: something still uses the old one. */
export async function rotate(
  { config, sources }: { readonly config: Config; readonly sources: Sources },
  target: Target,
  wanted: Wanted,
): Promise<boolean> {
  const policy = await policyOf(sources)
  const next = await nextOf({ config, target }, policy, wanted, sources.today)
  const evidence =
    next.phase.number === 2
      ? await evidenceOf(next.phase, target.name, wanted.looking, { policy, sources })
      : undefined
  const path = namedFrom(sources.workspace, policy.path)
  const rotation: Rotation = {
    target,
    phase: next.phase,
    policy: { path, before: policy.text, after: next.text },
    values: [...wanted.set, ...wanted.was].map(({ path: keys, value }) => {
      const [there, said] = [writtenAt(policy.text, target.name, keys) ?? '', value]
      const [old, fresh] = wanted.set.length > 0 ? [there, said] : [said, there]
      return { key: keys.join('.'), old, fresh }
    }),
    ...(evidence ? { evidence } : {}),
  }
  const free = evidence === undefined || evidence.blocks.length === 0 || wanted.unchecked
  await say(rotation, free, wanted)
  if (wanted.write && free && next.text !== policy.text) await writeFile(policy.path, next.text)
  return free
}

async function say(rotation: Rotation, free: boolean, { json, out }: Wanted): Promise<void> {
  if (json) printJson(told(rotation, free))
  else printDocument(rotationText(rotation, free, out !== undefined))
  if (out === undefined || !free) return
  const targets = [rotation.target.name]
  const { documents, removals } = rotation.phase.change
  await writeAll(
    [...documents, ...removals].map((one) => ({ ...one, targets })),
    targets,
    out,
  )
}

function told({ target, phase, policy, evidence }: Rotation, free: boolean): unknown {
  return {
    target: target.name,
    phase: phase.number,
    old: phase.old,
    new: phase.fresh,
    policy,
    documents: free ? phase.change.documents.map(pastable) : [],
    removals: free ? phase.change.removals.map(pastable) : [],
    byHand: phase.change.byHand,
    ...(evidence ? { stillUsed: evidence.blocks, notes: evidence.notes } : {}),
  }
}

function pastable({ title, language, text, steps }: Changed): unknown {
  return { title, language, text, steps }
}

interface Next {
  readonly phase: Phase
  readonly text: string
}

async function nextOf(now: State, policy: Policy, wanted: Wanted, today: Date): Promise<Next> {
  const { target } = now
  const [meanwhile] = target.alsoAudiences
  if (wanted.set.length > 0 || wanted.was.length > 0) return setOf(now, policy, wanted)
  if (meanwhile === undefined)
    return firstOf(now, policy, wanted.audience ?? nextAudience(audienceOf(target), today))
  if (wanted.audience !== undefined)
    fail({
      code: 'configuration',
      problem: `The target ${target.name} is in the midst of a rotation already: it uses ${audienceOf(target)}, and ${target.alsoAudiences.join(', ')} is trusted as well.`,
      remedy: 'Bring that one to its end first: the same command without `--audience`.',
    })
  const use = audienceOf(target)
  const then = await policy.with(target.name, [{ path: ['audience'], value: use }])
  const old = await policy.with(target.name, [{ path: ['audience'], value: meanwhile }])
  return {
    phase: await second(stateOf(old.config, target), now, stateOf(then.config, target)),
    text: then.text,
  }
}

async function firstOf(now: State, policy: Policy, audience: string): Promise<Next> {
  const { target } = now
  const also = audienceOf(target)
  const then = await policy.with(target.name, [{ path: ['audience'], value: { use: audience, also } }])
  return { phase: await first(now, stateOf(then.config, target)), text: then.text }
}

/** Another role, user or service account: a thing of its own, which stands beside the old one until that goes. */
async function setOf(now: State, policy: Policy, { set, was }: Wanted): Promise<Next> {
  const { target } = now
  if (set.length > 0 && was.length > 0)
    fail({
      code: 'usage',
      problem: '--set begins a rotation, and --was ends one.',
      remedy: 'Give --set first; once the policy has changed, --was with the values before.',
    })
  const other = await policy.with(target.name, set.length > 0 ? set : was)
  const there = stateOf(other.config, target)
  return set.length > 0
    ? { phase: await first(now, there), text: other.text }
    : { phase: await second(there, now, now), text: policy.text }
}

function stateOf(config: Config, { name }: Target): State {
  const target = config.targets.get(name)
  if (!target) throw new Error('the edited policy has lost its target')
  return { config, target }
}
