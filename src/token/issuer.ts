import { fail } from '../errors.ts'
import { isLoopback } from '../rehearsal.ts'

/**
 * The issuer of a server's ID tokens: github.com, `SUB.ghe.com`, and `<server>/_services/token` on GitHub Enterprise
 * Server and in a rehearsal. `configured` may only add the slug of an enterprise to it. Throws `configuration`.
 */
export function issuerOf(serverUrl: string, configured?: string): string {
  const derived = derive(serverUrl)
  if (configured === undefined || configured === '') return derived
  // Compared as text: nothing that a URL parser would smooth over (case, ports, dots, users, look-alikes) gets through.
  const slug = configured.startsWith(`${derived}/`) ? configured.slice(derived.length + 1) : undefined
  if (configured === derived || (slug !== undefined && /^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/.test(slug)))
    return configured
  return fail({
    code: 'configuration',
    problem: `The issuer that is configured is not the one of this server, ${derived}, with or without the slug of an enterprise.`,
    remedy: `Remove \`issuer\`, or write it as ${derived}/SLUG, exactly as the "iss" claim of your tokens has it.`,
  })
}

function derive(serverUrl: string): string {
  const url = URL.parse(serverUrl)
  const plain = url && !url.username && !url.password && url.pathname === '/' && !url.search && !url.hash
  if (!plain || (url.protocol !== 'https:' && !isLoopback(serverUrl))) {
    return fail({
      code: 'configuration',
      problem: 'GITHUB_SERVER_URL is not the https address of a GitHub server.',
      remedy: 'Run the action in a job of GitHub Actions; the runner sets this variable.',
    })
  }
  if (url.origin === 'https://github.com') return 'https://token.actions.githubusercontent.com'
  const subdomain = /^https:\/\/([a-z0-9-]+)\.ghe\.com$/.exec(url.origin)?.[1]
  return subdomain ? `https://token.actions.${subdomain}.ghe.com` : `${url.origin}/_services/token`
}
