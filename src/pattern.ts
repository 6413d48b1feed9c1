const STAR = '*'
const STARS = '**'

/** A text without three stars in a row, for schema.json; {@link checkPattern} has the sentence. */
export const FEW_STARS = /^(?![\s\S]*\*{3})/

/** How far a value was followed by a pattern; `steps` counts visited states, so that cost can be proven without a clock. */
export interface Trace {
  readonly matched: boolean
  /** Code points of the value that the pattern could still follow: the next one is the first that differs. */
  readonly followed: number
  readonly steps: number
}

/** A character, `*` or `**` each; undefined where three stars meet. */
function tokensOf(pattern: string): readonly string[] | undefined {
  const tokens: string[] = []
  for (const point of pattern) {
    const last = tokens.at(-1)
    if (point !== STAR) tokens.push(point)
    else if (last === STARS) return undefined
    else if (last === STAR) tokens[tokens.length - 1] = STARS
    else tokens.push(STAR)
  }
  return tokens
}

function isStar(token: string | undefined): boolean {
  return token === STAR || token === STARS
}

function swallows(star: string | undefined, point: string): boolean {
  if (star === STAR) return point !== '/' && point !== ':'
  return star === STARS && point !== ':'
}

/** Follows a value through all readings of a pattern at once: at most one state per token, whatever the value. */
export function trace(pattern: string, value: string): Trace {
  const tokens = tokensOf(pattern)
  if (!tokens) return { matched: false, followed: 0, steps: 0 }
  let alive = new Set([0])
  let followed = 0
  let steps = 0
  for (const point of value) {
    const next = new Set<number>()
    // A set is walked in order of insertion, so a state that a star adds here is still visited in this walk.
    for (const state of alive) {
      steps += 1
      const token = tokens[state]
      if (isStar(token)) alive.add(state + 1)
      if (isStar(token) ? swallows(token, point) : token === point) {
        next.add(isStar(token) ? state : state + 1)
      }
    }
    if (next.size === 0) return { matched: false, followed, steps }
    alive = next
    followed += 1
  }
  for (const state of alive) if (isStar(tokens[state])) alive.add(state + 1)
  return { matched: alive.has(tokens.length), followed, steps }
}

/** Whether the whole value, by code point and with its case, is what the pattern says. A malformed pattern matches nothing. */
export function matches(pattern: string, value: string): boolean {
  return trace(pattern, value).matched
}

/** Whether a pattern can match nothing but its own text. */
export function isLiteral(pattern: string): boolean {
  return !pattern.includes(STAR)
}

/** How far one more character, or none, takes two patterns that stand at these tokens: steps in the one and the other. */
function moves(a: string | undefined, b: string | undefined): readonly (readonly [number, number])[] {
  const found: (readonly [number, number])[] = []
  // A star may end here, so a star in the other pattern that would swallow this one as a character adds nothing.
  if (isStar(a)) found.push([1, 0])
  if (isStar(b)) found.push([0, 1])
  if (a === undefined || b === undefined) return found
  if (a === b) found.push([1, 1])
  if (swallows(a, b)) found.push([0, 1])
  if (swallows(b, a)) found.push([1, 0])
  return found
}

/** Whether some value exists that both patterns match. Exact: it walks the pairs of states that one value can reach. */
export function mayOverlap(one: string, other: string): boolean {
  const left = tokensOf(one)
  const right = tokensOf(other)
  if (!left || !right) return false
  const width = right.length + 1
  const reached = new Set([0])
  for (const pair of reached) {
    const [i, j] = [Math.floor(pair / width), pair % width]
    for (const [di, dj] of moves(left[i], right[j])) reached.add((i + di) * width + j + dj)
  }
  return reached.has(left.length * width + right.length)
}

/** Whether a star stands for a token of another pattern, whatever that token stands for. */
function takes(star: string | undefined, token: string): boolean {
  return isStar(token) ? star === STARS || star === token : swallows(star, token)
}

/**
 * Whether every value that `special` matches is matched by `general` too; false where that is not certain. A star of the
 * one stands for whatever the other's star may, so that `**` takes both and `*` no `**`.
 */
export function includes(general: string, special: string): boolean {
  const [wide, narrow] = [tokensOf(general), tokensOf(special)]
  if (!wide || !narrow) return false
  let alive = new Set([0])
  for (const token of narrow) {
    const next = new Set<number>()
    for (const state of alive) {
      const at = wide[state]
      if (isStar(at)) alive.add(state + 1)
      if (isStar(at) ? takes(at, token) : at === token) next.add(isStar(at) ? state : state + 1)
    }
    alive = next
  }
  for (const state of alive) if (isStar(wide[state])) alive.add(state + 1)
  return alive.has(wide.length)
}

/** Control, format and bidi characters, line separators and halves of a pair: what a reader of a log cannot see. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u

/** The first character of a text that no reader can see, as `U+202E`; such a value is never matched. */
export function invisible(text: string): string | undefined {
  const found = INVISIBLE.exec(text)?.[0]?.codePointAt(0)
  return found === undefined ? undefined : `U+${found.toString(16).toUpperCase().padStart(4, '0')}`
}

/** What is wrong with a pattern, as a sentence; undefined when nothing is. */
export function checkPattern(pattern: string): string | undefined {
  if (pattern === '') return 'An empty pattern matches nothing; name a value or leave the claim out.'
  if (!tokensOf(pattern)) return 'Three or more stars in a row mean nothing; write `*` or `**`.'
  const hidden = invisible(pattern)
  if (hidden) return `The pattern holds the invisible character ${hidden}, which never matches.`
  return undefined
}
