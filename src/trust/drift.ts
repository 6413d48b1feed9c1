import { compareWays, type FieldDifference } from './drift/ways.ts'
import type { Statement } from './statement.ts'

/** Where a platform's trust is not what the policy would write. */
export interface Difference extends FieldDifference {
  /** `AWS role arn:…`. */
  readonly what: string
  /** Lets in whom the policy does not: an error. Keeps out whom the policy lets in: a warning. */
  readonly severity: 'error' | 'warning'
}

/** What two sides have to say of each other. */
export interface Compared {
  readonly differences: readonly Difference[]
  /** What the policy would write and nobody has shown. */
  readonly notShown: readonly string[]
}

/**
 * Lays what stands beside what the policy would write. `whole`: what is found is all that there is, so that what is not
 * found is missing and not merely not shown.
 */
export function compareTrust(
  wanted: readonly Statement[],
  found: readonly Statement[],
  whole: boolean,
): Compared {
  const left = [...wanted]
  const differences: Difference[] = []
  for (const there of whole ? found : besides(wanted, found)) {
    const pairs = left.filter((one) => mayBe(one, there)).map((one) => ({ one, list: compared(one, there) }))
    const [best] = pairs.toSorted((a, b) => a.list.length - b.list.length)
    if (best) left.splice(left.indexOf(best.one), 1)
    differences.push(...(best ? best.list : [strange(there)]))
  }
  return {
    differences: [...differences, ...(whole ? left.map(absent) : [])],
    notShown: [...(whole ? [] : left.map(titleOf)), ...found.flatMap(({ unseen = [] }) => unseen)],
  }
}

/**
 * Without what has another name, where what is wanted is there beside it: a list of all roles is of other people's as well.
 * What lets others in to the same is not left out.
 */
function besides(wanted: readonly Statement[], found: readonly Statement[]): readonly Statement[] {
  const isMine = (there: Statement): boolean => wanted.some((one) => mayBe(one, there))
  return found.some(isMine) ? found.filter((there) => isMine(there) || there.concerns === 'all') : found
}

/** As people name it: `AWS role arn:aws:iam::1:role/dbt`. */
export function titleOf({ platform, what, name }: Statement): string {
  return [platform, what, ...(name === undefined ? [] : [name])].join(' ')
}

/** A document that does not say whose it is may be anybody's. */
function mayBe(one: Statement, other: Statement): boolean {
  const named = one.name === undefined || other.name === undefined || one.name === other.name
  return one.platform === other.platform && one.what === other.what && named
}

function compared(wanted: Statement, there: Statement): readonly Difference[] {
  const what = titleOf({ ...there, ...(wanted.name === undefined ? {} : { name: wanted.name }) })
  return [
    ...compareWays(wanted.ways, there.ways),
    ...compareSettings(wanted.settings ?? new Map(), there.settings ?? new Map()),
    ...(there.remarks ?? []).map((remark): FieldDifference => ({
      way: '',
      field: 'kept out',
      policy: [],
      there: [remark],
      verdict: 'narrower',
    })),
  ].map((one) => judged(what, one))
}

type Settings = ReadonlyMap<string, string>

/** A setting is a text whose meaning is not judged: what differs may let in more. */
function compareSettings(wanted: Settings, there: Settings): readonly FieldDifference[] {
  return [...new Set([...wanted.keys(), ...there.keys()])].flatMap((field): readonly FieldDifference[] => {
    const [policy, found] = [wanted.get(field), there.get(field)]
    if (policy === found) return []
    return [
      {
        way: '',
        field,
        policy: policy === undefined ? [] : [policy],
        there: found === undefined ? [] : [found],
        verdict: policy === undefined ? 'additional' : found === undefined ? 'missing' : 'different',
      },
    ]
  })
}

function judged(what: string, difference: FieldDifference): Difference {
  const harmless = difference.verdict === 'narrower' || difference.verdict === 'missing'
  return { what, severity: harmless ? 'warning' : 'error', ...difference }
}

function strange(there: Statement): Difference {
  return {
    what: titleOf(there),
    way: '',
    field: 'all of it',
    policy: [],
    there: [titleOf(there)],
    verdict: 'additional',
    severity: 'error',
  }
}

function absent(wanted: Statement): Difference {
  const what = titleOf(wanted)
  return {
    what,
    way: '',
    field: 'all of it',
    policy: [what],
    there: [],
    verdict: 'missing',
    severity: 'warning',
  }
}
