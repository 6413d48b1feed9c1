/** One way in which a secret may be written: any text that holds one of the needles shows it. */
export interface Form {
  readonly name: string
  readonly needle: Buffer
}

// Below this a derived form is no evidence: six characters of base64 stand in any file.
const shortest = 8

/** The secret itself and its usual encodings, no needle twice. */
export function formsOf(secret: string): Form[] {
  const bytes = Buffer.from(secret)
  const url = encodeURIComponent(secret.toWellFormed())
  const candidates: [string, string][] = [
    ['raw', secret],
    ...linesIn(secret).map((line): [string, string] => ['line', line]),
    ...([0, 1, 2] as const).map((shift): [string, string] => [
      `base64+${shift}`,
      stem(bytes, shift, 'base64'),
    ]),
    ...([0, 1, 2] as const).map((shift): [string, string] => [
      `base64url+${shift}`,
      stem(bytes, shift, 'base64url'),
    ]),
    ['hex', bytes.toString('hex')],
    ['HEX', bytes.toString('hex').toUpperCase()],
    ['url', url],
    ['url-strict', url.replaceAll(/[!'()*]/g, percent)],
    ['url-lower', url.replaceAll(/%[\dA-F]{2}/g, (code) => code.toLowerCase())],
    ['url-form', new URLSearchParams({ '': secret }).toString().slice(1)],
    ['json', JSON.stringify(secret).slice(1, -1)],
    ['json-ascii', jsonAscii(secret)],
    ...jwtParts(secret),
  ]
  const first = new Map<string, string>()
  for (const [name, needle] of candidates) {
    const enough = name === 'raw' ? needle !== '' : needle.length >= shortest
    if (enough && !first.has(needle)) first.set(needle, name)
  }
  return [...first].map(([needle, name]) => ({ name, needle: Buffer.from(needle) }))
}

/** The forms of a secret that stand in some bytes; parts of a token only where the whole does not. */
export function formsIn(content: Buffer, forms: readonly Form[]): string[] {
  const found = forms.filter(({ needle }) => content.includes(needle)).map(({ name }) => name)
  return [...new Set(found.includes('raw') ? found.filter((name) => !/^(jwt|line)/.test(name)) : found)]
}

/**
 * The part of an encoding that does not depend on what stands around the secret: whole groups of three bytes, for
 * each of the three ways in which the groups can fall.
 */
function stem(bytes: Buffer, shift: number, encoding: 'base64' | 'base64url'): string {
  const length = Math.floor((bytes.length - shift) / 3) * 3
  return bytes.subarray(shift, shift + Math.max(0, length)).toString(encoding)
}

// The frame of a PEM text is no secret.
function linesIn(secret: string): string[] {
  const lines = secret.split(/[\r\n]+/).map((line) => line.trim())
  return lines.filter((line) => !/^-----(BEGIN|END) /.test(line))
}

function jwtParts(secret: string): [string, string][] {
  const parts = /^([\w-]+)\.([\w-]+)\.([\w-]+)$/.exec(secret)?.slice(1) ?? []
  const names = ['jwt-header', 'jwt-payload', 'jwt-signature']
  return parts.flatMap((part, index): [string, string][] =>
    part.length > 15 ? [[names[index] ?? 'jwt', part]] : [],
  )
}

function percent(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`
}

// As Python's json writes it unless told otherwise.
function jsonAscii(secret: string): string {
  return JSON.stringify(secret)
    .slice(1, -1)
    .replaceAll(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
