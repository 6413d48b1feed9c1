import { setTimeout } from 'node:timers/promises'

/** The longest wait that one timer of Node keeps, in milliseconds (24.8 days); a longer one would end at once. */
const LONGEST = 2 ** 31 - 1

/** A timer that can be called off, as `node:timers/promises` has it. */
type Pause = (
  milliseconds: number,
  value: undefined,
  options: { signal: AbortSignal; ref: false },
) => Promise<unknown>

/**
 * True after that many milliseconds, false as soon as `until` is aborted. The timer alone keeps no process alive: a
 * step that is done ends.
 */
export async function waited(
  milliseconds: number,
  until: AbortSignal,
  pause: Pause = setTimeout,
): Promise<boolean> {
  try {
    for (let left = Math.max(milliseconds, 0); ; left -= LONGEST) {
      await pause(Math.min(left, LONGEST), undefined, { signal: until, ref: false })
      if (left <= LONGEST) return true
    }
  } catch {
    return false
  }
}
