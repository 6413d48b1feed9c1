const HIDDEN = '***'
/** Every form is at least this long (see forms.ts), so its first characters can serve as its key. */
const KEY = 4
// The beginning of a secret at the very end of a text is hidden from this length on.
const TELLING = 16

/** Removes known secrets from one continuous text, however it is cut into pieces. */
export interface Scrubber {
  push(text: string): string
  /** What is still held back, since it could have been the beginning of a secret. */
  flush(): string
}

/** The secrets known so far; scrubbers see later additions at once. */
export interface Secrets {
  add(form: string): void
  stream(): Scrubber
  scrub(text: string): string
}

interface Index {
  readonly byKey: Map<string, string[]>
  /** Which pairs of first two characters occur: spares the map for nearly all positions of a text. */
  readonly pairs: Uint8Array
}

interface Found {
  /** Length of the longest secret that stands here; 0 for none. */
  readonly length: number
  /** The text ends before it is certain that no (longer) secret begins here. */
  readonly unsure: boolean
}

const NOTHING: Found = { length: 0, unsure: false }

/** An empty set of secrets. */
export function createSecrets(): Secrets {
  const index: Index = { byKey: new Map(), pairs: new Uint8Array(65_536) }
  const stream = (): Scrubber => scrubber(index)
  return {
    add(form) {
      const key = form.slice(0, KEY)
      const forms = index.byKey.get(key) ?? []
      if (forms.includes(form)) return
      const sorted = [...forms, form].toSorted((a, b) => b.length - a.length)
      index.byKey.set(key, sorted)
      index.pairs[pair(form.charCodeAt(0), form.charCodeAt(1))] = 1
    },
    stream,
    scrub(text) {
      const whole = stream()
      return whole.push(text) + whole.flush()
    },
  }
}

function pair(first: number, second: number): number {
  return ((first & 0xff) << 8) | (second & 0xff)
}

function scrubber(index: Index): Scrubber {
  // `carry` may begin with characters that an asterisk group already printed stands for.
  let carry = ''
  let covered = 0
  return {
    push(text) {
      if (index.byKey.size === 0) return text
      const result = scan(carry + text, covered, index, 'more')
      carry = result.carry
      covered = result.covered
      return result.output
    },
    flush() {
      const hidden = covered > 0 ? '' : HIDDEN
      const output = carry.length >= TELLING ? hidden : scan(carry, covered, index, 'end').output
      carry = ''
      covered = 0
      return output
    },
  }
}

/** Overlapping secrets count as one: no character of any of them gets out. */
function scan(
  buffer: string,
  covered: number,
  index: Index,
  then: 'more' | 'end',
): { output: string; carry: string; covered: number } {
  let output = ''
  let done = covered
  let at = 0
  for (; at < buffer.length; at++) {
    // Behind the last character there is none, which equals nothing and is not above 0.
    const next = buffer.charCodeAt(at + 1)
    if (next >= 0 && index.pairs[pair(buffer.charCodeAt(at), next)] === 0) continue
    const found = lookUp(buffer, at, index)
    if (found.length > 0) {
      if (at >= done) output += buffer.slice(done, at) + HIDDEN
      done = Math.max(done, at + found.length)
    }
    // What could have become a longer secret may still hold a shorter one: at the end nothing is left to wait for.
    if (found.unsure && then === 'more') break
  }
  if (at > done) return { output: output + buffer.slice(done, at), carry: buffer.slice(at), covered: 0 }
  return { output, carry: buffer.slice(at), covered: done - at }
}

function lookUp(buffer: string, at: number, index: Index): Found {
  const left = buffer.length - at
  if (left < KEY) {
    const end = buffer.slice(at)
    return { length: 0, unsure: [...index.byKey.keys()].some((key) => key.startsWith(end)) }
  }
  const forms = index.byKey.get(buffer.slice(at, at + KEY))
  if (!forms) return NOTHING
  let unsure = false
  for (const form of forms) {
    if (form.length > left) unsure ||= form.startsWith(buffer.slice(at))
    else if (buffer.startsWith(form, at)) return { length: form.length, unsure }
  }
  return { length: 0, unsure }
}
