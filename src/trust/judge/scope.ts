import { parseSub } from '../../policy/subject.ts'
import type { Condition, Way } from '../statement.ts'

/** Whose runs a way lets in, at most: any repository's, those of one owner, or one repository's. */
export type Scope = 'any' | 'owner' | 'repository'

/** What the conditions of a way say of the repository, all of them together. */
export interface Reach {
  readonly scope: Scope
  /** Whether an id holds it, which nobody else can come to have. */
  readonly byId: boolean
  /** The values that leave the most open, to be shown. */
  readonly open: readonly string[]
  /** Something is compared that nobody understands here, so that more may be held than is seen. */
  readonly unclear: boolean
}

const WIDTH: Readonly<Record<Scope, number>> = { any: 0, owner: 1, repository: 2 }

interface One {
  readonly scope: Scope
  readonly byId: boolean
}

const NOTHING: One = { scope: 'any', byId: false }

/** Whose runs come in by a way. */
export function reachOf({ conditions }: Way): Reach {
  const judged = conditions.map((condition) => ({ condition, one: ofCondition(condition) }))
  const best = judged.toSorted((a, b) => WIDTH[b.one.scope] - WIDTH[a.one.scope])[0]
  const scope = best?.one.scope ?? 'any'
  return {
    scope,
    byId: judged.some(({ one }) => one.scope === scope && one.byId),
    open: (judged.find(({ condition }) => condition.claim === 'sub') ?? best)?.condition.values ?? [],
    unclear: conditions.some(
      ({ by, atMost, claim }) => by === 'expression' && !atMost && !/^(?:sts|aws):/.test(claim),
    ),
  }
}

function ofCondition(condition: Condition): One {
  const { claim, by, alsoAbsent, atMost } = condition
  const values = by === 'expression' ? atMost : condition.values
  // What also holds where the claim is absent, or for all values but some, holds nobody.
  if (alsoAbsent !== undefined || by === 'except' || !values || values.length === 0) return NOTHING
  const each = values.map((value) => ofValue(claim, value, by === 'equals'))
  const widest = each.toSorted((a, b) => WIDTH[a.scope] - WIDTH[b.scope])[0] ?? NOTHING
  return { scope: widest.scope, byId: each.every(({ byId }) => byId) }
}

function ofValue(claim: string, value: string, whole: boolean): One {
  // What follows a wildcard can stand anywhere.
  const sure = whole ? value : (/^[^*?]*/.exec(value)?.[0] ?? '')
  const literal = sure === value
  if (claim === 'sub') return ofSubject(sure, literal)
  if (claim === 'repository' || claim === 'workflow_ref')
    return { scope: ofName(sure, literal || sure.split('/').length > 2), byId: false }
  const known = BY_VALUE.get(claim)
  return literal && known ? known : NOTHING
}

/** Claims that name a repository or an owner by a value of their own. */
const BY_VALUE: ReadonlyMap<string, One> = new Map([
  ['repository_id', { scope: 'repository', byId: true }],
  ['repository_owner_id', { scope: 'owner', byId: true }],
  ['enterprise_id', { scope: 'owner', byId: true }],
  ['repository_owner', { scope: 'owner', byId: false }],
  ['enterprise', { scope: 'owner', byId: false }],
])

function ofSubject(sure: string, literal: boolean): One {
  const parsed = parseSub(sure)
  const closed = literal || /^repo:[^:/]+\/[^:/]+:/.test(sure)
  if (closed && parsed) return { scope: 'repository', byId: parsed.repoId !== undefined }
  const owner = /^repo:([^:/]+)\//.exec(sure)?.[1]
  if (owner !== undefined) return { scope: 'owner', byId: /@\d+$/.test(owner) }
  // A customised subject can name the repository by any claim; which, its own words say.
  const custom =
    /^(repository_id|repository_owner_id|repository_owner|repository|enterprise_id):([^:]+)(:|$)/.exec(sure)
  const [, claim = '', named = '', end] = custom ?? []
  return custom && (literal || end === ':') ? ofValue(claim, named, true) : NOTHING
}

function ofName(sure: string, whole: boolean): Scope {
  if (!/^[^/]+\//.test(sure)) return 'any'
  return whole ? 'repository' : 'owner'
}
