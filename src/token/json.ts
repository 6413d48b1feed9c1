/** A JSON object with its keys as own properties, `__proto__` included: read it with `Object.hasOwn` or `Object.entries`. */
export type JsonObject = Readonly<Record<string, unknown>>

/**
 * Parses bytes as one JSON object, or returns why they are none: invalid UTF-8, a byte order mark, no JSON, no object,
 * or a key that stands twice (RFC 7515 5.2 lets a parser refuse those; two parsers may each believe another one).
 */
export function parseObject(bytes: Uint8Array): JsonObject | string {
  let text: string
  let value: unknown
  try {
    // ignoreBOM keeps the mark in the text, where JSON.parse refuses it.
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    value = JSON.parse(text)
  } catch {
    return 'is not JSON in UTF-8'
  }
  if (!isObject(value)) return 'is not a JSON object'
  const problem = keyProblem(text)
  return problem ?? value
}

/** Whether a value is an object as JSON knows them: neither null nor an array. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

// In valid JSON a string is a key exactly when a colon follows it.
const tokens = /("[^"\\]*(?:\\.[^"\\]*)*")(\s*:)?|[{}]/g

/** Why the keys of a JSON text cannot be relied on, as the end of a sentence; undefined where they can. The text is valid JSON. */
export function keyProblem(json: string): string | undefined {
  const open: Set<string>[] = []
  for (const [token, text, colon] of json.matchAll(tokens)) {
    if (token === '{') open.push(new Set())
    else if (token === '}') open.pop()
    else if (text !== undefined) {
      const string: unknown = JSON.parse(text) // "\u0061" and "a" are the same key
      if (typeof string !== 'string' || !string.isWellFormed()) return 'holds half of a surrogate pair'
      if (colon === undefined) continue
      const keys = open.at(-1)
      if (keys?.has(string)) return 'names the same key twice'
      keys?.add(string)
    }
  }
  return undefined
}
