import type { Config } from '../../config.ts'
import type { Granting } from '../party.ts'
import { audienceOf, type Target } from '../../config/target.ts'
import { DbtOidcError, fail } from '../../errors.ts'
import type { TrustDocument } from '../../trust.ts'
import { changesBetween, type Change } from '../parts.ts'
import { trustDocuments, trustRequest } from '../request.ts'
import { refuseShared, type Made } from '../together.ts'
import type { SubjectForm } from '../rules.ts'
import type { Agreement } from './uses.ts'

/** One configuration of a rotation, as a policy says it. */
export interface State {
  readonly config: Granting & Pick<Config, 'targets'>
  readonly target: Target
}

/** What is done in a phase, and what it leads from and to. */
export interface Phase {
  /** 1: the new is trusted beside the old, and the runs move over. 2: the old is trusted no more. */
  readonly number: 1 | 2
  readonly old: Agreement
  readonly fresh: Agreement
  /** To be pasted before the policy changes in the first phase, and after it in the second. */
  readonly change: Change
}

/**
 * The first phase: `both` has what runs now and what will, `then` is what the policy says once the runs have moved. Nothing
 * that runs now is touched.
 */
export async function first(now: State, then: State, form?: SubjectForm): Promise<Phase> {
  const [before, after] = await Promise.all([documentsOf(now, form), documentsOf(then, form)])
  const change = changesBetween(before, after)
  refuseEmpty(change, then.target)
  if (then.target.alsoAudiences.length === 0) refuseReplaced(before, after)
  const others = await othersOf(then, form)
  refuseShared([...others, ...after.map((one) => ({ ...one, targets: [then.target.name] }))])
  return { number: 1, ...agreements(now, then), change: { ...change, removals: [], byHand: [] } }
}

/** The second phase: only what `then` needs is left of what `now` has. */
export async function second(old: State, now: State, then: State, form?: SubjectForm): Promise<Phase> {
  const stood = [...(await documentsOf(old, form)), ...(await documentsOf(now, form))]
  const before = new Map(stood.map((one) => [one.text, one]))
  const change = changesBetween(
    [...before.values()],
    await documentsOf(then, form),
    await othersOf(then, form),
  )
  return { number: 2, ...agreements(old, then), change }
}

function documentsOf({ config, target }: State, form?: SubjectForm): Promise<readonly TrustDocument[]> {
  return trustDocuments(config, target, form)
}

/** What other targets of the policy need stays, whoever else has used it. */
async function othersOf({ config, target }: State, form?: SubjectForm): Promise<readonly Made[]> {
  const each = [...config.targets.values()].map(async (other): Promise<readonly Made[]> => {
    if (other.name === target.name) return []
    try {
      const all = await documentsOf({ config, target: other }, form)
      return all.map((one) => ({ ...one, targets: [other.name] }))
    } catch (error) {
      // Nothing has been pasted for a target of which nothing can be written.
      if (error instanceof DbtOidcError && error.code === 'configuration') return []
      throw error
    }
  })
  return (await Promise.all(each)).flat()
}

/** Without a time in which both are trusted, what is changed where it stands lets the runs of today fall. */
function refuseReplaced(before: readonly TrustDocument[], after: readonly TrustDocument[]): void {
  const old = new Map(before.flatMap(({ owns = [] }) => owns.map(({ what, rule }) => [what, rule] as const)))
  for (const { what, rule, beside } of after.flatMap(({ owns = [] }) => owns)) {
    if ((old.get(what) ?? rule) === rule) continue
    fail({
      code: 'configuration',
      problem: `This would change ${what} where it stands, and whoever runs at that moment would be refused.`,
      remedy:
        beside ??
        'Name another one that is made beside it (--set identity.role=…, connection.user=…), or rotate the audience with --audience.',
    })
  }
}

function agreements(old: State, then: State): { readonly old: Agreement; readonly fresh: Agreement } {
  const [was, is] = [identityOf(old), identityOf(then)]
  const of = ({ target }: State, identity: string): Agreement => ({
    audience: audienceOf(target),
    ...(was === is ? {} : { identity }),
  })
  return { old: of(old, was), fresh: of(then, is) }
}

function identityOf({ config, target }: State): string {
  return trustRequest(config, target).identity
}

function refuseEmpty({ documents }: Change, { name }: Target): void {
  if (documents.length > 0) return
  fail({
    code: 'configuration',
    problem: `Nothing on the other side of ${name} would change, so there is nothing to rotate.`,
    remedy: 'Name what is to be new: `--audience TEXT`, or `--set identity.role=…`.',
  })
}
