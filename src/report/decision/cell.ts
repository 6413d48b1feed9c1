import { trace } from '../../pattern.ts'
import type { Check } from '../../policy.ts'
import { visible, visiblePoints } from '../../policy/visible.ts'

/** A value as printed, in three parts: the middle one is the first character that differs from what was expected. */
export interface Cell {
  readonly before: string
  /** Empty where nothing differs, or where the value ends too soon. */
  readonly differs: string
  readonly after: string
  /** Whether the place after `before` is to be pointed at. */
  readonly marked: boolean
}

const WIDEST = 72

/** The first code point of the value that no pattern of the check can follow; undefined where there is nothing to point at. */
export function differsAt(check: Check): number | undefined {
  const { actual } = check
  if (check.ok || check.rule !== undefined || !actual || check.expected.length === 0) return undefined
  return Math.max(...check.expected.map((pattern) => trace(pattern, actual).followed))
}

/** The claim's name, and whether the step's inputs and not the grant demand it. */
export function claimText(check: Check): string {
  return check.source === 'input' ? `${visible(check.claim)} (input)` : visible(check.claim)
}

/** What was expected, on one line. */
export function expectedText(check: Check): string {
  const points = Array.from(check.expected.map(visible).join(' or '))
  return points.length <= WIDEST ? points.join('') : `${points.slice(0, WIDEST - 1).join('')}…`
}

const plain = (before: string): Cell => ({ before, differs: '', after: '', marked: false })

/** What the token says, escaped, and cut so that the differing character stays in sight. */
export function actualCell(check: Check): Cell {
  if (check.actual === undefined) return plain('(absent)')
  if (check.actual === '') return plain('(empty)')
  const points = visiblePoints(check.actual)
  const focus = differsAt(check)
  const start = focus !== undefined && focus > WIDEST - 12 ? focus - WIDEST / 2 : 0
  const end = start + WIDEST
  const part = (from: number, to: number): string => points.slice(from, Math.min(to, end)).join('')
  const head = start > 0 ? '…' : ''
  const tail = end < points.length ? '…' : ''
  if (focus === undefined) return plain(`${head}${part(start, end)}${tail}`)
  return {
    before: head + part(start, focus),
    differs: part(focus, focus + 1),
    after: part(focus + 1, end) + tail,
    marked: true,
  }
}
