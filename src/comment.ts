import * as z from 'zod/mini'
import type { Claims } from './claims.ts'
import { commentOn, commentOnFailure, markerOf, rememberedIn, type Subject } from './comment/text.ts'
import type { DbtResult } from './dbt/result.ts'
import type { Host } from './host.ts'

/** What the comment is to tell: what dbt did, or by which code the run failed before it. */
export type Told = { readonly result: DbtResult } | { readonly failed: string }

const TITLE = { title: 'dbt-oidc: no comment' }

/** Writes the one comment of this workflow, job and target, or brings it up to date; what hinders that is a warning. */
export async function keepComment(told: Told, subject: Subject, claims: Claims, host: Host): Promise<void> {
  try {
    const number = await pullRequestOf(claims, host)
    if (number === undefined) return host.writer.line('comment: this run belongs to no pull request', 'quiet')
    const ask = await host.gitHub()
    if (!ask) {
      host.writer.warning(
        '`comment: true` needs a token: leave `github-token` to its default, or give it one.',
        TITLE,
      )
      return
    }
    const [owner = '', repo = ''] = subject.facts.repository.split('/')
    const marker = markerOf(subject)
    const found = await find(ask, { owner, repo, number }, marker)
    const before = found.body === undefined ? undefined : rememberedIn(found.body)
    const drafted =
      'result' in told
        ? commentOn(told.result, subject, before)
        : commentOnFailure(told.failed, subject, before)
    const body = host.writer.scrub(drafted)
    await (found.id === undefined
      ? ask(ADD, { subject: found.pullRequest, body })
      : ask(UPDATE, { id: found.id, body }))
  } catch (error) {
    host.writer.warning(explained(error), TITLE)
  }
}

/** The number in the signed ref, else that in the event file, which only says where a comment goes. */
async function pullRequestOf(claims: Claims, host: Host): Promise<number | undefined> {
  const signed = /^refs\/pull\/([0-9]{1,9})\//.exec(claims.all.get('ref') ?? '')?.[1]
  if (signed !== undefined) return Number(signed)
  const event = z.object({ pull_request: z.object({ number: z.int() }) }).safeParse(await host.event())
  return event.success ? event.data.pull_request.number : undefined
}

const FIND = `query ($owner: String!, $repo: String!, $number: Int!, $after: String) {
  repository(owner: $owner, name: $repo) {
    pullRequest(number: $number) {
      id
      comments(first: 50, after: $after) {
        nodes { id body viewerDidAuthor }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
}`
const ADD = `mutation ($subject: ID!, $body: String!) {
  addComment(input: { subjectId: $subject, body: $body }) { clientMutationId }
}`
const UPDATE = `mutation ($id: ID!, $body: String!) {
  updateIssueComment(input: { id: $id, body: $body }) { clientMutationId }
}`

const page = z.object({
  repository: z.object({
    pullRequest: z.object({
      id: z.string(),
      comments: z.object({
        nodes: z.array(z.object({ id: z.string(), body: z.string(), viewerDidAuthor: z.boolean() })),
        pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.nullable(z.string()) }),
      }),
    }),
  }),
})

const PAGES = 40

interface Found {
  readonly pullRequest: string
  readonly id?: string
  readonly body?: string
}

/** Ours is the comment that begins with the marker and was written by whoever we are: anybody may copy the marker. */
async function find(
  ask: NonNullable<Awaited<ReturnType<Host['gitHub']>>>,
  where: Readonly<Record<'owner' | 'repo', string>> & { readonly number: number },
  marker: string,
): Promise<Found> {
  let after: string | null = null
  for (let read = 0; ; read += 1) {
    const answer: z.infer<typeof page> = page.parse(await ask(FIND, { ...where, after }))
    const { pullRequest } = answer.repository
    const { nodes, pageInfo } = pullRequest.comments
    const own = nodes.find(({ body, viewerDidAuthor }) => viewerDidAuthor && body.startsWith(marker))
    if (own) return { pullRequest: pullRequest.id, id: own.id, body: own.body }
    if (!pageInfo.hasNextPage || read >= PAGES) return { pullRequest: pullRequest.id }
    after = pageInfo.endCursor
  }
}

const refusal = z.object({ errors: z.array(z.object({ type: z.optional(z.string()), message: z.string() })) })

function explained(error: unknown): string {
  const refused = refusal.safeParse(error)
  const forbidden = refused.success && refused.data.errors.some(({ type }) => type === 'FORBIDDEN')
  const status = typeof error === 'object' && error && 'status' in error ? error.status : undefined
  if (forbidden || status === 403 || status === 401)
    return 'The pull request got no comment: the token of this job may not write one. Add `pull-requests: write` to the `permissions` of the job.'
  if (refused.success && refused.data.errors.some(({ type }) => type === 'NOT_FOUND'))
    return 'The pull request got no comment: GitHub knows no such pull request here, or the token of this job may not read it. Add `pull-requests: write` to the `permissions` of the job.'
  return `The pull request got no comment: GitHub did not answer as expected${typeof status === 'number' ? ` (${status})` : ''}. The run itself is not affected.`
}
