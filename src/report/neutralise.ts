/**
 * Text of others, made unable to give the runner commands. The runner obeys `::name::` where only white space stands
 * before it on its line, and `##[name]` anywhere in a line. A visible backslash goes before the `::` and before the
 * `[`, so `::date` shows as `\::date`: an invisible character would survive copying and break somebody's SQL later.
 */
export interface Neutraliser {
  /** Takes the next piece of one continuous text; the pieces may be cut anywhere. */
  push(text: string): string
  /** What is still held back; the next piece is taken to begin a line. */
  flush(): string
}

// White space in .NET's sense and in JavaScript's; control and format characters besides, since some viewers strip them.
const BLANK = /[\s\p{Cc}\p{Cf}]/u
const BREAK = /[\n\r\v\f\u0085\u2028\u2029]/

/** Neutralises a text that begins and ends with a line. */
export function neutralise(text: string): string {
  const whole = neutraliser()
  return whole.push(text) + whole.flush()
}

/** Neutralises a stream: what comes out does not depend on how the text was cut into pieces. */
export function neutraliser(): Neutraliser {
  let lineStart = true
  let held = ''
  let hashes = ''
  return {
    push(text) {
      let input = held + text
      held = ''
      // A single colon at the start of a line may be half of a pair: its other half decides.
      if (input.endsWith(':') && !input.endsWith('::') && startsLine(input, input.length - 1, lineStart)) {
        held = ':'
        input = input.slice(0, -1)
      }
      if (input === '') return ''
      const output = escapeColons(input, lineStart)
      lineStart = startsLine(input, input.length, lineStart)
      const before = hashes
      hashes = /#{0,2}$/.exec((hashes + input).slice(-2))?.[0] ?? ''
      return escapeHashes(before + output).slice(before.length)
    },
    flush() {
      const rest = held
      held = ''
      hashes = ''
      lineStart = true
      return rest
    },
  }
}

function escapeHashes(text: string): string {
  return text.includes('##[') ? text.replaceAll('##[', '##\\[') : text
}

function escapeColons(text: string, atStart: boolean): string {
  let output = ''
  let copied = 0
  for (let at = text.indexOf('::'); at >= 0; at = text.indexOf('::', at + 2)) {
    if (!startsLine(text, at, atStart)) continue
    output += `${text.slice(copied, at)}\\`
    copied = at
  }
  return copied === 0 && output === '' ? text : output + text.slice(copied)
}

/** Whether only blanks stand between `index` and the last line break before it. */
function startsLine(text: string, index: number, atStart: boolean): boolean {
  for (let at = index - 1; at >= 0; at--) {
    const character = text.charAt(at)
    if (BREAK.test(character)) return true
    if (!BLANK.test(character)) return false
  }
  return atStart
}
