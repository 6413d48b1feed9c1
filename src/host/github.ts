import * as z from 'zod/mini'
import type { PolicyPlace, PolicyRead } from '../config/policy-place.ts'
import { DbtOidcError } from '../errors.ts'
import type { Http, HttpRequest } from '../http.ts'
import { fetchOver } from '../http/fetch.ts'
import { rewrite, type Rehearsal } from '../rehearsal.ts'

/** One request of an octokit. */
export type Ask = (
  route: string,
  parameters: Readonly<Record<string, string | number>>,
) => Promise<{
  readonly data: unknown
  /** Lower-case names. */
  readonly headers?: Readonly<Record<string, string | number | undefined>>
}>

/** How GitHub is reached. */
export interface Way extends Pick<HttpRequest, 'limit'> {
  readonly http: Http
  readonly rehearsal: Rehearsal | undefined
}

/** Requests to GitHub's REST API, over our one way out. */
export async function askGitHub(token: string, way: Way): Promise<Ask> {
  const octokit = await octokitOf(token, way)
  return (route, parameters) => octokit.request(route, parameters)
}

/** One question to GitHub's GraphQL; throws where there is no answer, or one that says no. */
export type AskGraph = (query: string, variables: Readonly<Record<string, unknown>>) => Promise<unknown>

/** The same for its GraphQL API. */
export async function askGraph(token: string, way: Way): Promise<AskGraph> {
  const octokit = await octokitOf(token, way)
  return (query, variables) => octokit.graphql(query, { ...variables })
}

async function octokitOf(token: string, { http, rehearsal, limit }: Way) {
  const { getOctokit } = await import('@actions/github')
  const at = (url: string): string => rewrite(rehearsal, url)
  const fetch = fetchOver({ http, at, ...(limit !== undefined && { limit }) })
  return getOctokit(token, { request: { fetch } })
}

const commits = z.array(z.object({ sha: z.string().check(z.regex(/^[0-9a-f]{40,64}$/)) }))
const content = z.object({ type: z.literal('file'), encoding: z.literal('base64'), content: z.string() })

/**
 * A policy file of another repository: first the commit that its ref stands for now, then the file at that commit, so
 * that both are of one moment (REST: "List commits", "Get repository content").
 */
export async function readPolicyAt({ owner, repo, path, ref }: PolicyPlace, ask: Ask): Promise<PolicyRead> {
  try {
    const listed = await ask('GET /repos/{owner}/{repo}/commits', { owner, repo, sha: ref, per_page: 1 })
    const [commit] = commits.parse(listed.data)
    if (!commit) return { kind: 'untold', why: `GitHub knows no commit for \`${ref}\`` }
    const route = `GET /repos/{owner}/{repo}/contents/${path.split('/').map(encodeURIComponent).join('/')}`
    const found = content.safeParse((await ask(route, { owner, repo, ref: commit.sha })).data)
    if (!found.success) return { kind: 'untold', why: `\`${path}\` is no file of at most 1 MB there` }
    return {
      kind: 'text',
      text: Buffer.from(found.data.content, 'base64').toString('utf8'),
      commit: commit.sha,
    }
  } catch (error) {
    return { kind: 'untold', why: reason(error) }
  }
}

function reason(error: unknown): string {
  if (error instanceof DbtOidcError) return error.problem.replace(/\.$/, '')
  const status = typeof error === 'object' && error && 'status' in error ? Number(error.status) : undefined
  if (status === 401) return 'GitHub does not know the token (401)'
  if (status === 404 || status === 403)
    return `GitHub shows no such repository, ref or file to this token (${status}). A job's own token reads its own repository and public ones; for another give \`github-token\``
  return status === undefined ? 'GitHub gave no answer that can be understood' : `GitHub answered ${status}`
}
