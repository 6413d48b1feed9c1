import { inline, numbered, text } from './markdown.ts'

const SHORTEST_FORM = 8
// A secret shorter than this is no secret, and a mask for it would turn the log into asterisks.
const SHORTEST_SECRET = 4

/** The ways in which a secret can turn up in text. */
export interface Forms {
  /** What the runner has to be told; it derives base64, JSON, URI and XML forms of each by itself. */
  readonly masks: readonly string[]
  /** What our own scrubber looks for: everything. */
  readonly all: readonly string[]
}

/** A secret, its lines, the parts of a JWT, and the usual encodings of each whole. */
export function formsOf(secret: string): Forms {
  if (secret.trim().length < SHORTEST_SECRET) return { masks: [], all: [] }
  const plain = secret.trim()
  const lines = secret.split(/[\r\n]/).map((line) => line.trim())
  const wholes = [...new Set([secret, plain, ...lines.filter(isLong)])]
  const own = [...wholes.flatMap(ownForms), ...jwtParts(secret)].filter(isLong)
  const runners = wholes.flatMap(runnerForms).filter(isLong)
  const derived = new Set(runners)
  return {
    masks: [...new Set([secret, plain, ...own.filter((form) => !derived.has(form))])],
    all: [...new Set([secret, plain, ...own, ...runners, ...wholes.flatMap(escapedForms)])],
  }
}

function isLong(form: string): boolean {
  return form.length >= SHORTEST_FORM
}

function jwtParts(secret: string): readonly string[] {
  return /^eyJ[\w-]+\.[\w-]+\.[\w-]+$/.test(secret.trim()) ? secret.trim().split('.') : []
}

/** Forms that the runner does not derive. */
function ownForms(secret: string): readonly string[] {
  const bytes = Buffer.from(secret)
  const hex = bytes.toString('hex')
  const uri = encodeURIComponent(secret.toWellFormed())
  const strict = strictUri(uri)
  return [
    secret,
    // The runner masks whole base64 only, not the secret in the midst of something longer.
    ...shifted(bytes, 'base64'),
    ...shifted(bytes, 'base64url'),
    hex,
    hex.toUpperCase(),
    uri,
    lowerEscapes(uri),
    lowerEscapes(strict),
    uri.replaceAll('%2F', '/'), // Python's urllib.parse.quote
    new URLSearchParams({ '': secret }).toString().slice(1),
    jsonOf(secret).replaceAll('/', '\\/'),
    jsonOf(secret).replace(/[^\x20-\x7e]/g, unicodeEscape),
    jsonOf(secret).replace(/[<>&'+=]/g, unicodeEscape),
  ]
}

/** Forms that the runner derives from each mask; see its ValueEncoders. */
function runnerForms(secret: string): readonly string[] {
  const bytes = Buffer.from(secret)
  return [
    ...[0, 1, 2].map((start) => bytes.subarray(start).toString('base64')),
    jsonOf(secret),
    strictUri(encodeURIComponent(secret.toWellFormed())),
    secret
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;')
      .replaceAll("'", '&apos;'),
  ]
}

/** Forms of our own summary, in which secrets are looked for once more when it is whole. */
function escapedForms(secret: string): readonly string[] {
  return [inline(secret), text(secret), numbered(secret)]
}

/** The secret may begin at any of three places of a group of three bytes; only whole groups are certain. */
function shifted(bytes: Buffer, encoding: 'base64' | 'base64url'): readonly string[] {
  return [0, 1, 2].map((start) => {
    const rest = bytes.subarray(start)
    return rest.subarray(0, rest.length - (rest.length % 3)).toString(encoding)
  })
}

function jsonOf(text: string): string {
  return JSON.stringify(text).slice(1, -1)
}

function strictUri(uri: string): string {
  return uri.replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
}

function lowerEscapes(uri: string): string {
  return uri.replace(/%[0-9A-F]{2}/g, (escape) => escape.toLowerCase())
}

function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
