import type { Io } from './exchange.ts'
import type { Host } from './host.ts'
import { oneLine } from './report/plain.ts'
import { rewrite } from './rehearsal.ts'

/** The outside world of this host as an exchange sees it. */
export function ioOf(
  host: Pick<Host, 'env' | 'http' | 'now' | 'rehearsal' | 'writer'>,
  say: (line: string) => void,
): Io {
  return {
    http: host.http,
    at: (url) => rewrite(host.rehearsal, url),
    now: host.now,
    mask: host.writer.mask,
    variable: (name) => host.env[name],
    // Much of what is told there is the other side's own: it paints nothing, hides nothing and stays on its line.
    say: (line) => say(oneLine(line)),
  }
}
