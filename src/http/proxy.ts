/** The variables of the environment that say how to reach the network; lower case wins, as in curl and in GitHub's toolkit. */
export type Env = Readonly<Record<string, string | undefined>>

/** The proxy for an address as an http(s) URL, or undefined: none is set, NO_PROXY names the host, or it is loopback. */
export function proxyFor(url: URL, env: Env): string | undefined {
  const name = url.protocol === 'https:' ? 'https_proxy' : 'http_proxy'
  const proxy = read(env, name)
  if (!proxy || isBypassed(url, read(env, 'no_proxy') ?? '')) return undefined
  const address = URL.parse(/^[a-z]+:\/\//i.test(proxy) ? proxy : `http://${proxy}`)
  // Node would silently go direct for anything else, which is not what somebody who set a proxy wants.
  return address && /^https?:$/.test(address.protocol) ? address.href : undefined
}

/** Passwords inside the proxy variables, as written and decoded, to be masked before anything is printed. */
export function proxySecrets(env: Env): readonly string[] {
  const secrets = ['https_proxy', 'http_proxy', 'all_proxy'].flatMap((name) => {
    const value = read(env, name) ?? ''
    const password = URL.parse(/^[a-z0-9]+:\/\//i.test(value) ? value : `http://${value}`)?.password
    return password ? [password, decoded(password)] : []
  })
  return [...new Set(secrets)]
}

/** A reason why TLS cannot be trusted in this process, or undefined. Node would accept any certificate otherwise. */
export function checkTlsEnv(env: Env): string | undefined {
  if (env['NODE_TLS_REJECT_UNAUTHORIZED'] !== '0') return undefined
  return 'NODE_TLS_REJECT_UNAUTHORIZED is 0, so that any server could pose as GitHub or as the warehouse. Remove it; for a private certificate authority set NODE_EXTRA_CA_CERTS to its PEM file.'
}

/** NO_PROXY as it is, with this machine: Python, unlike us, would ask a proxy for 127.0.0.1. */
export function pastProxies(env: Env): Readonly<Record<'no_proxy' | 'NO_PROXY', string>> {
  const given = read(env, 'no_proxy')
  // An asterisk says it already, and is understood only where it stands alone.
  const hosts =
    given?.trim() === '*' ? given : [given, '127.0.0.1'].filter((item) => item !== undefined).join(',')
  return { no_proxy: hosts, NO_PROXY: hosts }
}

function read(env: Env, name: string): string | undefined {
  return env[name] || env[name.toUpperCase()] || undefined
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function isBypassed(url: URL, noProxy: string): boolean {
  const host = url.hostname.toLowerCase().replace(/^\[|\]$/g, '')
  // A proxy that were asked for 127.0.0.1 would reach its own machine, and a rehearsal would leave this one.
  if (host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host)) return true
  const port = url.port || (url.protocol === 'https:' ? '443' : '80')
  return noProxy
    .toLowerCase()
    .split(/[,\s]+/)
    .filter((item) => item !== '')
    .some((item) => item === '*' || names(item, host, port))
}

/**
 * `host`, `.suffix`, `*.suffix` (each with or without `:port`) and IPv6 literals in brackets; a host also
 * stands for its subdomains. Ranges of addresses (10.0.0.0/8) are not understood, as in GitHub's toolkit.
 */
function names(item: string, host: string, port: string): boolean {
  const itemPort = /^(?:\[[^\]]*\]|[^:]*):(\d+)$/.exec(item)?.[1]
  const name = itemPort === undefined ? item : item.slice(0, -itemPort.length - 1)
  if (itemPort !== undefined && itemPort !== port) return false
  const suffix = name.replace(/^\[|\]$/g, '').replace(/^\*?\./, '')
  return suffix !== '' && (host === suffix || host.endsWith(`.${suffix}`))
}
