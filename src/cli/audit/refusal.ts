import * as z from 'zod/mini'
import { visible } from '../../policy/visible.ts'

const refusal = z.object({
  status: z.number(),
  response: z.optional(
    z.object({ headers: z.record(z.string(), z.optional(z.union([z.string(), z.number()]))) }),
  ),
})

/** Why GitHub does not tell, as the end of a sentence, and whether asking on is useless. */
export interface Untold {
  readonly why: string
  readonly over: boolean
}

/**
 * What GitHub says of a refusal, in its own terms: the permission that the endpoint takes, the time at which the rate
 * limit is renewed ("Rate limits for the REST API", "Troubleshooting the REST API").
 */
export function untoldBy(error: unknown): Untold {
  const { success, data } = refusal.safeParse(error)
  if (!success) return { why: error instanceof Error ? visible(error.message) : 'no answer', over: false }
  const { status } = data
  const header = (name: string): string | undefined => {
    const value = data.response?.headers[name]
    return value === undefined || value === '' ? undefined : visible(String(value))
  }
  const limited = limitOf(status, header)
  if (limited !== undefined) return { why: limited, over: true }
  if (status === 401) return { why: 'GITHUB_TOKEN is no token that it knows', over: true }
  if (status === 410) return { why: 'it has expired', over: false }
  const needed = neededBy(header)
  if (status === 403) return { why: `the token may not: it needs ${needed}`, over: false }
  if (status === 404)
    return { why: `there is none, or the token may not see it: it needs ${needed}`, over: false }
  return { why: `GitHub answered with status ${status}`, over: false }
}

type Header = (name: string) => string | undefined

/** A refusal for the number of requests is told from one for a missing permission by its headers. */
function limitOf(status: number, header: Header): string | undefined {
  if (status !== 403 && status !== 429) return undefined
  const reset = Number(header('x-ratelimit-reset'))
  if (header('x-ratelimit-remaining') === '0' && reset > 0)
    return `the rate limit of the token is used up until ${new Date(reset * 1000).toISOString()}`
  const wait = header('retry-after')
  if (wait !== undefined) return `GitHub asks to wait for ${wait} s`
  return status === 429 ? 'GitHub asks to wait' : undefined
}

function neededBy(header: Header): string {
  const permissions = header('x-accepted-github-permissions')
  if (permissions !== undefined) return `\`${permissions.replaceAll('; ', '` or `')}\``
  const scopes = header('x-accepted-oauth-scopes')
  const has = header('x-oauth-scopes')
  if (scopes !== undefined) return `the scope \`${scopes}\`${has === undefined ? '' : ` and has \`${has}\``}`
  // What the documentation of both endpoints says.
  return '`actions=read` and `metadata=read` of the repository'
}
