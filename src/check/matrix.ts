import type { Claims } from '../claims.ts'
import { decide, type Check, type Grant, type Verdict } from '../policy.ts'
import { admits } from './deployment.ts'
import { claimsOfRun, eventsOf, refsFor } from './events.ts'
import { shownRef, type Environment, type Ground, type Ref } from './ground.ts'
import { isPullRequest, supposedClaims } from './supposed.ts'

/** Whether runs of a kind reach a target. */
export type Cell =
  | { readonly kind: 'closed' }
  /** `first`: also where no target is asked for. */
  | { readonly kind: 'reached'; readonly grant: string; readonly first: boolean }
  /** Nothing that is known stands against it: reached where these claims hold as well. */
  | { readonly kind: 'open'; readonly grant: string; readonly claims: readonly string[] }

/** Runs that reach the same. */
export interface Row {
  /** Undefined: a job without one. */
  readonly environment: string | undefined
  readonly events: readonly string[]
  readonly refs: readonly string[]
  /** Whether GitHub's rule of the environment lets these refs use it; `unasked` where nobody has read the rule. */
  readonly deployment: 'allowed' | 'refused' | 'unknown' | 'unasked'
  readonly cells: ReadonlyMap<string, Cell>
}

interface Run {
  readonly environment: Environment | undefined
  readonly event: string
  readonly ref: Ref
}

/** Every kind of run against every target, runs of one environment that reach the same in one row. */
export function matrix(grants: readonly Grant[], targets: readonly string[], ground: Ground): readonly Row[] {
  const events = eventsOf(grants)
  return [undefined, ...ground.environments].flatMap((environment) => {
    const rows = events.flatMap((event) =>
      gathered(
        refsFor(event, ground).map((ref) => rowOf({ environment, event, ref }, grants, targets, ground)),
        (row) => ({ ...row, refs: [] }),
        (all) => ({ refs: all.flatMap(({ refs }) => refs) }),
      ),
    )
    return gathered(
      rows,
      (row) => ({ ...row, events: [] }),
      (all) => ({ events: all.flatMap((row) => row.events) }),
    )
  })
}

/** Grants that no row reaches, not even where further claims hold. */
export function unreached(grants: readonly Grant[], rows: readonly Row[]): readonly Grant[] {
  const reached = new Set(
    rows
      .filter(({ deployment }) => deployment !== 'refused')
      .flatMap(({ cells }) => [...cells.values()])
      .flatMap((cell) => (cell.kind === 'closed' ? [] : [cell.grant])),
  )
  return grants.filter(({ name }) => !reached.has(name))
}

function rowOf(run: Run, grants: readonly Grant[], targets: readonly string[], ground: Ground): Row {
  const claims = ground.forms.map((form) => claimsFor(run, form, ground))
  const cells = new Map(
    targets.map((target) => [target, best(claims.map((one) => cellOf(grants, target, one)))]),
  )
  return {
    environment: run.environment?.name,
    events: [run.event],
    refs: [shownRef(run.ref)],
    deployment: deploymentOf(run),
    cells,
  }
}

function claimsFor({ environment, event, ref }: Run, form: 'name' | 'id', ground: Ground): Claims {
  const { repository, ids, issuer, standing } = ground
  const given = new Map([...standing, ...claimsOfRun(event, ref, environment?.name)])
  return supposedClaims({ repository, ids, form, issuer, given })
}

function deploymentOf({ environment, event, ref }: Run): Row['deployment'] {
  if (!environment) return 'allowed'
  if (environment.rule.kind === 'unknown') return 'unasked'
  const own = isPullRequest(event) ? 'refs/pull/1/merge' : ref.ref
  const admitted = admits(environment.rule, own, ref.isProtected)
  return admitted === undefined ? 'unknown' : admitted ? 'allowed' : 'refused'
}

const FACTS = { pullRequest: { kind: 'same' } } as const

function cellOf(grants: readonly Grant[], target: string, claims: Claims): Cell {
  const asked = decide(grants, claims, target, FACTS)
  if (asked.grant)
    return {
      kind: 'reached',
      grant: asked.grant.name,
      first: decide(grants, claims, undefined, FACTS).grant === asked.grant,
    }
  const open = asked.verdicts.find((verdict) => verdict.grant.target === target && isOpen(verdict))
  if (!open) return { kind: 'closed' }
  const claimsLeft = open.checks.filter(({ ok }) => !ok).map(({ claim }) => claim)
  return { kind: 'open', grant: open.grant.name, claims: [...new Set(claimsLeft)] }
}

/** Claims that are absent from a run when they are absent here. */
const TOLD: ReadonlySet<string> = new Set([
  'ref',
  'event_name',
  'environment',
  'environment_node_id',
  'base_ref',
])

/** Whether a verdict fails by nothing but what is not known. */
function isOpen({ checks }: Verdict): boolean {
  return checks.every((check) => check.ok || isUnknown(check))
}

function isUnknown({ claim, expected, actual, rule }: Check): boolean {
  if (rule !== undefined) return false
  // A customised subject is made of whatever the organisation chose.
  if (claim === 'sub') return !expected.some((pattern) => pattern.startsWith('repo:'))
  return actual === undefined && !TOLD.has(claim)
}

const RANK = { reached: 0, open: 1, closed: 2 } as const

function best(cells: readonly Cell[]): Cell {
  const [one] = cells.toSorted((left, right) => RANK[left.kind] - RANK[right.kind])
  return one ?? { kind: 'closed' }
}

/** Rows that are the same but for one part, joined in it. */
function gathered(
  rows: readonly Row[],
  without: (row: Row) => Row,
  joined: (rows: readonly Row[]) => Partial<Row>,
): readonly Row[] {
  const groups = new Map<string, Row[]>()
  for (const row of rows) {
    const { cells, ...rest } = without(row)
    const key = JSON.stringify([rest, [...cells]])
    groups.set(key, [...(groups.get(key) ?? []), row])
  }
  return [...groups.values()].flatMap((group) => (group[0] ? [{ ...group[0], ...joined(group) }] : []))
}
