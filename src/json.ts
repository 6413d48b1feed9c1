/** What a text says as JSON; undefined where it is none, so that whoever looks at its shape finds nothing. */
export function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/**
 * A value as JSON for whoever looks at it: what could steer a terminal, be read in another order than it stands, or give a
 * runner a command, is escaped.
 */
export function jsonOf(value: unknown): string {
  return JSON.stringify(value, null, 2)
    .replaceAll(/[\x7f-\x9f\p{Cf}\p{Zl}\p{Zp}]/gu, (mark) =>
      Array.from({ length: mark.length }, (_unit, at) => escaped(mark.charCodeAt(at))).join(''),
    )
    .replaceAll('##[', String.raw`#\u0023[`)
}

function escaped(unit: number): string {
  return `\\u${unit.toString(16).padStart(4, '0')}`
}
