import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

/** What a request must be to be answered. */
export interface Expected {
  readonly host: string
  readonly authorization: string
  readonly method: string
  readonly paths: ReadonlySet<string>
}

/**
 * The status by which a request is refused; undefined for one that may be answered. Who does not know the nonce learns
 * nothing else, not even which paths there are. Another name of this machine in `Host` is a page in somebody's browser.
 */
export function refusalOf(
  { method, url = '', headers }: Pick<IncomingMessage, 'method' | 'url' | 'headers'>,
  expected: Expected,
): number | undefined {
  if (headers.host !== expected.host) return 403
  if (!isSame(headers.authorization ?? '', expected.authorization)) return 401
  if (method !== expected.method) return 405
  if (!expected.paths.has(url)) return 404
  const hasBody = (headers['content-length'] ?? '0') !== '0' || headers['transfer-encoding'] !== undefined
  return hasBody || headers.expect !== undefined ? 413 : undefined
}

/** In a time that tells nothing of where two texts differ, nor of how long they are. */
function isSame(one: string, other: string): boolean {
  return timingSafeEqual(digest(one), digest(other))
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
