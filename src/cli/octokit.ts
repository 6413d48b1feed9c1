import { fail } from '../errors.ts'
import { createHttp } from '../http.ts'
import { withRetries } from '../retry.ts'
import { rehearsalOf } from '../rehearsal.ts'
import type { Ask } from './github.ts'

/** What a command needs of GitHub beside answers. */
interface Asking {
  /** What else may be done where there is no token. */
  readonly instead?: string
  /** The largest answer in bytes, where it is larger than usual. */
  readonly limit?: number
  /** Many requests are to come: one that GitHub was too busy for is made again. */
  readonly patient?: boolean
}

/** Requests to GitHub's REST API with the token of the environment. Throws `configuration` where there is none. */
export async function gitHub({
  instead = 'or leave --github away',
  limit,
  patient = false,
}: Asking = {}): Promise<Ask> {
  const { askGitHub } = await import('../host/github.ts')
  const token = tokenOf(process.env)
  if (token === undefined)
    return fail({
      code: 'configuration',
      problem: 'There is no token to ask GitHub with.',
      remedy: `Set GITHUB_TOKEN, e.g. \`GITHUB_TOKEN=$(gh auth token)\`, ${instead}.`,
    })
  const rehearsal = rehearsalOf(process.env['GITHUB_SERVER_URL'] ?? '')
  const plain = createHttp({ rehearsal, env: process.env })
  const http = patient ? withRetries(plain) : plain
  return askGitHub(token, { http, rehearsal, ...(limit !== undefined && { limit }) })
}

/** Whether there is a token to ask with. */
export function hasToken(): boolean {
  return tokenOf(process.env) !== undefined
}

function tokenOf(env: Readonly<Record<string, string | undefined>>): string | undefined {
  return env['GITHUB_TOKEN'] || env['GH_TOKEN'] || undefined
}
