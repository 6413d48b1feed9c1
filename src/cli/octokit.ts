import { fail } from '../errors.ts'
import { createHttp } from '../http.ts'
import { fetchOver } from '../http/fetch.ts'
import { rehearsalOf, rewrite } from '../rehearsal.ts'
import type { Ask } from './github.ts'

/** Requests to GitHub's REST API with the token of the environment. Throws `configuration` where there is none. */
export async function gitHub(): Promise<Ask> {
  const { getOctokit } = await import('@actions/github')
  const token = tokenOf(process.env)
  if (token === undefined)
    return fail({
      code: 'configuration',
      problem: 'There is no token to ask GitHub with.',
      remedy: 'Set GITHUB_TOKEN, e.g. `GITHUB_TOKEN=$(gh auth token)`, or leave --github away.',
    })
  const rehearsal = rehearsalOf(process.env['GITHUB_SERVER_URL'] ?? '')
  const http = createHttp({ rehearsal, env: process.env })
  const fetch = fetchOver({ http, at: (url) => rewrite(rehearsal, url) })
  const octokit = getOctokit(token, { request: { fetch } })
  return (route, parameters) => octokit.request(route, parameters)
}

/** Whether there is a token to ask with. */
export function hasToken(): boolean {
  return tokenOf(process.env) !== undefined
}

function tokenOf(env: Readonly<Record<string, string | undefined>>): string | undefined {
  return env['GITHUB_TOKEN'] || env['GH_TOKEN'] || undefined
}
