/** What a text says as JSON; undefined where it is none, so that whoever looks at its shape finds nothing. */
export function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
