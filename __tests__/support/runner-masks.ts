/** Hides values in texts as a runner does. */
export interface Masker {
  /** Hides a value and its usual encodings from now on. */
  readonly add: (value: string) => void
  readonly mask: (text: string) => string
  /** What was added, without the encodings, in order. */
  readonly values: readonly string[]
}

type Encoder = (value: string) => string

const xml: Readonly<Record<string, string>> = {
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  '&': '&amp;',
}

/** The eleven forms that a runner hides besides the value itself. An empty form is none. */
export const encoders: readonly Encoder[] = [
  (value) => base64(value, 0),
  (value) => base64(value, 1),
  (value) => base64(value, 2),
  (value) => value.replaceAll('"', '\\"'),
  (value) => value.replaceAll("'", "''"),
  jsonEscape,
  uriEscape,
  (value) => value.replaceAll(/[<>"'&]/g, (character) => xml[character] ?? character),
  (value) => (value.length > 8 && /^"[^]*"$/.test(value) ? value.slice(1, -1) : ''),
  beforeAmpersand,
  afterAmpersand,
]

/** Starts with nothing to hide. */
export function createMasker(): Masker {
  const values: string[] = []
  const hidden = new Set<string>()
  return {
    values,
    add(value) {
      if (value === '' || values.includes(value)) return
      values.push(value)
      hidden.add(value)
      for (const encode of encoders) hidden.add(encode(value))
      hidden.delete('')
    },
    mask: (text) => cover(text, hidden),
  }
}

// Touching finds become one `***`.
function cover(text: string, hidden: Iterable<string>): string {
  const finds = [...hidden].flatMap((value) => positions(text, value)).toSorted((a, b) => a.start - b.start)
  let result = ''
  let done = 0
  for (const { start, end } of finds) {
    if (start > done || (start === 0 && done === 0)) result += `${text.slice(done, start)}***`
    done = Math.max(done, end)
  }
  return result + text.slice(done)
}

function positions(text: string, value: string): { start: number; end: number }[] {
  const found: { start: number; end: number }[] = []
  for (let start = text.indexOf(value); start >= 0; start = text.indexOf(value, start + 1)) {
    found.push({ start, end: start + value.length })
  }
  return found
}

function base64(value: string, shift: number): string {
  const bytes = Buffer.from(value)
  return bytes.subarray(bytes.length > shift ? shift : 0).toString('base64')
}

function jsonEscape(value: string): string {
  const text = JSON.stringify(value).slice(1, -1)
  return text.replaceAll(
    /[\u0085\u2028\u2029]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

function uriEscape(value: string): string {
  return encodeURIComponent(value.toWellFormed()).replaceAll(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

// PowerShell colours a failing command from its ampersand on, which cuts a secret in two.
function beforeAmpersand(value: string): string {
  const coloured = value.indexOf('&+')
  const end = coloured < 0 ? value.lastIndexOf('&') + 1 : coloured + 2
  return end >= 6 ? value.slice(0, end) : ''
}

function afterAmpersand(value: string): string {
  if (!value.includes('&')) return ''
  const coloured = value.indexOf('&+')
  const rest = value.slice(coloured < 0 ? value.lastIndexOf('&') + 1 : coloured + 3)
  return rest.length >= 6 ? rest : ''
}
