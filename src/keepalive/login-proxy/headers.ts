/** Of one connection alone (RFC 9110, 7.6.1), or answered by the server that a request reaches first. */
const OF_THE_CONNECTION: ReadonlySet<string> = new Set(
  'connection keep-alive proxy-connection proxy-authorization proxy-authenticate te trailer transfer-encoding upgrade expect'.split(
    ' ',
  ),
)

/** Headers as they came, name and value in turn, but for those of the connection and those that are `dropped`. */
export function endToEnd(raw: readonly string[], ...dropped: readonly string[]): string[] {
  const named = new Set(pairs(raw).flatMap(([name, value]) => (name === 'connection' ? list(value) : [])))
  // Whoever names the length would have the body go on as a request of its own, which nobody has looked at.
  named.delete('content-length')
  return pairs(raw).flatMap(([name, value, written]) =>
    OF_THE_CONNECTION.has(name) || named.has(name) || dropped.includes(name) ? [] : [written, value],
  )
}

/** The framing that goes on with a body: of known length, in chunks, or none. */
export function framing(raw: readonly string[]): readonly string[] {
  const names = pairs(raw).map(([name]) => name)
  if (names.includes('content-length')) return []
  return names.includes('transfer-encoding') ? ['Transfer-Encoding', 'chunked'] : ['Content-Length', '0']
}

function pairs(raw: readonly string[]): readonly (readonly [name: string, value: string, written: string])[] {
  return raw.flatMap((written, at) =>
    at % 2 === 0 ? [[written.toLowerCase(), raw[at + 1] ?? '', written] as const] : [],
  )
}

function list(value: string): readonly string[] {
  return value.split(',').map((name) => name.trim().toLowerCase())
}
