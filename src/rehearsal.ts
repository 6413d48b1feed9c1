/**
 * A run whose GitHub server is this machine: tests, the demo, a local runner. The runner sets `GITHUB_SERVER_URL` and a
 * workflow cannot, so nobody but the owner of the machine can start one.
 */
export interface Rehearsal {
  /** Origin of the loopback server, without a slash at the end. */
  readonly server: string
}

/** The rehearsal that this server URL stands for; undefined for every server that is not a loopback address. */
export function rehearsalOf(serverUrl: string): Rehearsal | undefined {
  const url = URL.parse(serverUrl)
  if (!url || !isLoopback(serverUrl)) return undefined
  return { server: url.origin }
}

/**
 * The address to use for a fixed vendor origin: `https://HOST/path` becomes `<server>/_at/HOST/path` in a rehearsal,
 * and is returned unchanged outside of one. Loopback addresses, which the user wrote, stay as they are.
 */
export function rewrite(rehearsal: Rehearsal | undefined, url: string): string {
  if (!rehearsal || isLoopback(url)) return url
  const { host, pathname, search } = new URL(url)
  return `${rehearsal.server}/_at/${host}${pathname === '/' && !url.endsWith('/') ? '' : pathname}${search}`
}

/** Whether an http(s) URL names this machine: 127.0.0.0/8, `[::1]` or `localhost`, and no user in front of it. */
export function isLoopback(url: string): boolean {
  const parsed = URL.parse(url)
  if (!parsed || !/^https?:$/.test(parsed.protocol) || parsed.username || parsed.password) return false
  // The URL parser has already turned 127.1, 0x7f000001 and the like into four decimal numbers.
  return /^(127\.\d+\.\d+\.\d+|\[::1\]|localhost)$/.test(parsed.hostname)
}

/** Whether a bare host, as a profile names it, is this machine. */
export function isLoopbackHost(host: string): boolean {
  // A bare host: what a URL parser would take for a path, a query or a user is none.
  return /^[\w.:[\]-]+$/.test(host) && isLoopback(`http://${host}`)
}
