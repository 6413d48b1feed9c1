import type { Condition, Way } from '../statement.ts'
import { fits } from '../wildcard.ts'

/** Whether every value that `other` lets in is let in by `one` too; false where that is not certain. */
export function covers(one: Condition, other: Condition): boolean {
  if (other.alsoAbsent !== undefined && one.alsoAbsent === undefined) return false
  if (one.by === 'except') {
    if (other.by === 'except') return one.values.every((value) => other.values.includes(value))
    return other.by === 'equals' && !other.values.some((value) => one.values.includes(value))
  }
  if (one.by === 'expression' || other.by === 'expression')
    return one.by === other.by && other.values.every((value) => one.values.includes(value))
  if (other.by === 'except') return one.by === 'pattern' && one.values.includes('*')
  return other.values.every((value) =>
    one.values.some((wide) => wide === value || (one.by === 'pattern' && fits(wide, value))),
  )
}

/** Whether every token that comes in by `other` comes in by `one` too; false where that is not certain. */
export function coversWay(one: Way, other: Way): boolean {
  return (
    one.principal === other.principal &&
    one.issuer === other.issuer &&
    (one.audiences.length === 0 ||
      (other.audiences.length > 0 && other.audiences.every((value) => one.audiences.includes(value)))) &&
    one.conditions.every((wanted) =>
      other.conditions.some((found) => found.claim === wanted.claim && covers(wanted, found)),
    )
  )
}
