import type { IncomingMessage, ServerResponse } from 'node:http'
import { isRecord, parseRecord, scalarText } from './shape.ts'

/** A comment as the stand-in keeps it. */
export interface Comment {
  readonly id: string
  readonly author: string
  body: string
}

/** GitHub's GraphQL for the comments of one pull request, as far as a comment of ours needs it. */
export interface GitHubApi {
  readonly comments: Comment[]
  /** The operations that were asked for, in order. */
  readonly asked: string[]
  /** Answers in GitHub's place. */
  readonly handler: (req: IncomingMessage, res: ServerResponse, path: string) => Promise<void>
}

interface Options {
  /** Who may write: the token, and the login that it stands for. */
  readonly token: string
  readonly login: string
  /** `owner/repo` and the number that exist. */
  readonly repository: string
  readonly number: number
  /** False: the job lacks `pull-requests: write`. */
  readonly mayWrite?: boolean
  readonly pageSize?: number
}

/** Opens the stand-in. */
export function openGitHubApi(options: Options, comments: Comment[] = []): GitHubApi {
  const asked: string[] = []
  return {
    comments,
    asked,
    async handler(req, res, path) {
      const { query, variables } = await bodyOf(req)
      const json = (status: number, body: unknown): void => {
        res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
      }
      if (req.method !== 'POST' || path !== '/graphql') return json(404, { message: 'Not Found' })
      if (req.headers.authorization !== `token ${options.token}`)
        return json(401, { message: 'Bad credentials' })
      const operation = /addComment|updateIssueComment|comments/.exec(scalarText(query))?.[0] ?? 'unknown'
      asked.push(operation)
      json(200, answerTo(operation, isRecord(variables) ? variables : {}, options, comments))
    },
  }
}

type Variables = Readonly<Record<string, unknown>>

function answerTo(operation: string, variables: Variables, options: Options, comments: Comment[]): unknown {
  if (operation === 'comments') return listed(variables, options, comments)
  if (options.mayWrite === false) return refused('FORBIDDEN', 'Resource not accessible by integration')
  const body = scalarText(variables['body'])
  if (body.length > 65_536) return refused('UNPROCESSABLE', 'Body is too long (maximum is 65536 characters)')
  if (operation === 'addComment' && variables['subject'] === 'PR_1') {
    comments.push({ id: `IC_${comments.length + 1}`, author: options.login, body })
    return { data: { addComment: { clientMutationId: null } } }
  }
  const found = comments.find(({ id }) => id === variables['id'])
  if (operation !== 'updateIssueComment' || !found) return refused('NOT_FOUND', 'Could not resolve to a node')
  if (found.author !== options.login) return refused('FORBIDDEN', `${options.login} may not edit it`)
  found.body = body
  return { data: { updateIssueComment: { clientMutationId: null } } }
}

function listed(
  { owner, repo, number, after }: Variables,
  options: Options,
  comments: readonly Comment[],
): unknown {
  if (`${scalarText(owner)}/${scalarText(repo)}` !== options.repository || number !== options.number)
    return refused('NOT_FOUND', 'Could not resolve to a PullRequest')
  const from = Number(after ?? 0)
  const to = from + (options.pageSize ?? 50)
  const nodes = comments
    .slice(from, to)
    .map(({ id, body, author }) => ({ id, body, viewerDidAuthor: author === options.login }))
  const pageInfo = { hasNextPage: to < comments.length, endCursor: String(to) }
  return { data: { repository: { pullRequest: { id: 'PR_1', comments: { nodes, pageInfo } } } } }
}

function refused(type: string, message: string): unknown {
  return { data: null, errors: [{ type, message }] }
}

async function bodyOf(req: IncomingMessage): Promise<Record<string, unknown>> {
  let text = ''
  for await (const chunk of req) text += String(chunk)
  return text === '' ? {} : parseRecord(text)
}
