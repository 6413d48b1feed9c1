/** What no platform takes is not followed: a text made to exhaust whoever compares it. */
const LONGEST = 4096

/**
 * Whether a pattern in which `*` stands for any characters and `?` for one fits a text, in which both may be wildcards
 * themselves: a `?` then fits no star, which may be many or none. Its cost is the product of both lengths at most.
 */
export function fits(pattern: string, text: string): boolean {
  if (pattern.length > LONGEST || text.length > LONGEST) return false
  const [wanted, found] = [Array.from(pattern), Array.from(text)]
  let [at, point] = [0, 0]
  let star: { readonly at: number; point: number } | undefined
  while (point < found.length) {
    if (wanted[at] === '*') {
      star = { at, point }
      at += 1
    } else if (
      at < wanted.length &&
      (wanted[at] === found[point] || (wanted[at] === '?' && found[point] !== '*'))
    ) {
      at += 1
      point += 1
    } else if (star) {
      // The last star takes one more; what was followed since then is followed anew.
      star.point += 1
      at = star.at + 1
      point = star.point
    } else return false
  }
  return wanted.slice(at).every((character) => character === '*')
}
