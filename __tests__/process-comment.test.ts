import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { openGitHubApi, type Comment, type GitHubApi } from './support/github-api.ts'
import { GRANTED, openJob, type Job } from './support/job.ts'
import type { StepOptions, StepResult } from './support/step.ts'

// The comment of the built action, at a stand-in for GitHub's API that knows one pull request and who wrote what.
const TOKEN = 'ghs_0123456789abcdefABCDEF'
const BOT = 'github-actions[bot]'
const REF = 'refs/pull/7/merge'
const CLAIMS = { claims: { ref: REF, event_name: 'pull_request' } }
const EVENT = {
  pull_request: {
    number: 7,
    head: { repo: { id: 1, full_name: 'o/r' } },
    base: { repo: { id: 1, full_name: 'o/r' } },
  },
}
const INPUTS = { ...GRANTED, ref: REF, claims: 'event_name: pull_request', comment: 'true' }

let job: Job
beforeAll(async () => {
  const results = [
    {
      unique_id: 'model.shop.orders',
      status: 'success',
      execution_time: 2,
      thread_id: 'Thread-1',
      timing: [],
    },
  ]
  job = await openJob(CLAIMS, { run_results: { results, elapsed_time: 2 }, manifest: { nodes: {} } })
})
afterAll(async () => job[Symbol.asyncDispose]())

async function commented(api: GitHubApi, options: StepOptions = {}): Promise<StepResult> {
  job.issuer.route('/api', api.handler)
  const step = await job.step({ inputs: INPUTS, event: EVENT, githubToken: TOKEN, ...options })
  // Whatever else holds: nobody but GitHub's API has seen the token.
  expect(step.fullLog.text).not.toContain(TOKEN)
  return step
}

const github = (
  comments: Comment[] = [],
  over: Partial<Parameters<typeof openGitHubApi>[0]> = {},
): GitHubApi => openGitHubApi({ token: TOKEN, login: BOT, repository: 'o/r', number: 7, ...over }, comments)

describe('the comment on a pull request', () => {
  test('is written once, and brought up to date from then on', async () => {
    const api = github([{ id: 'IC_0', author: 'ada', body: 'Looks good.' }])
    await using first = await commented(api)
    expect([first.exitCode, api.asked]).toEqual([0, ['comments', 'addComment']])
    expect(api.comments.map(({ author }) => author)).toEqual(['ada', BOT])
    expect(api.comments[1]?.body).toContain('### ✅ dbt succeeded on <code>prod</code> in ')
    await using second = await commented(api)
    expect([second.exitCode, api.asked.slice(2)]).toEqual([0, ['comments', 'updateIssueComment']])
    expect(api.comments).toHaveLength(2)
    expect(api.comments[1]?.body).toContain('compared with <code>')
  })

  test('is never that of somebody else, who has copied the marker, and is found on a later page', async () => {
    const mine = github()
    await using first = await commented(mine)
    const copied = { id: 'IC_0', author: 'mallory', body: mine.comments[0]?.body ?? '' }
    const quoted = { id: 'IC_1', author: BOT, body: `> ${mine.comments[0]?.body ?? ''}` }
    const own = { id: 'IC_2', author: BOT, body: mine.comments[0]?.body ?? '' }
    const api = github([copied, quoted, own], { pageSize: 1 })
    await using second = await commented(api)
    expect([first.exitCode, second.exitCode]).toEqual([0, 0])
    expect(api.asked).toEqual(['comments', 'comments', 'comments', 'updateIssueComment'])
    expect(api.comments.map(({ body }) => body.includes('compared with'))).toEqual([false, false, true])
  })

  test('that the job may not write is a warning with the line to add, and the run goes on as it was', async () => {
    const api = github([], { mayWrite: false })
    await using step = await commented(api)
    expect([step.exitCode, step.conclusion, api.comments]).toEqual([0, 'success', []])
    expect(step.log.text).toContain(
      'The pull request got no comment: the token of this job may not write one. Add `pull-requests: write` to the `permissions` of the job.',
    )
  })

  test.each<[string, Partial<Parameters<typeof openGitHubApi>[0]>, string]>([
    ['another token', { token: 'other' }, 'Add `pull-requests: write` to the `permissions` of the job.'],
    ['another pull request', { number: 8 }, 'GitHub knows no such pull request here'],
  ])('that GitHub refuses for %s is a warning', async (_, over, words) => {
    await using step = await commented(github([], over))
    expect([step.exitCode, step.conclusion]).toEqual([0, 'success'])
    expect(step.log.text).toContain(words)
  })

  test('that GitHub has no sense for is a warning that tells no more than it knows', async () => {
    const api = github()
    const broken: GitHubApi = { ...api, handler: async (_req, res) => void res.writeHead(500).end('<html>') }
    await using step = await commented(broken)
    expect([step.exitCode, step.conclusion]).toEqual([0, 'success'])
    expect(step.log.text).toContain('The pull request got no comment: GitHub did not answer as expected')
  })

  test('tells that a run failed before dbt, by its code alone', async () => {
    const api = github()
    await using step = await commented(api, { inputs: { ...INPUTS, ref: 'refs/heads/main' } })
    expect([step.exitCode, api.asked]).toEqual([1, ['comments', 'addComment']])
    expect(api.comments[0]?.body).toContain('### ❌ This run failed before dbt: <code>no-grant</code>')
  })

  test('needs a token, and says so', async () => {
    const api = github()
    await using step = await commented(api, { githubToken: '' })
    expect([step.exitCode, api.asked]).toEqual([0, []])
    expect(step.log.text).toContain('`comment: true` needs a token')
  })

  test('is not written unless it is asked for, and the token is not used', async () => {
    const api = github()
    await using step = await commented(api, { inputs: { ...INPUTS, comment: 'false' } })
    expect([step.exitCode, api.asked]).toEqual([0, []])
  })

  test('does not show the token to dbt', async () => {
    await using step = await commented(github())
    expect(step.exitCode).toBe(0)
    for (const { env } of job.dbt.runs()) expect(Object.values(env).join('\n')).not.toContain(TOKEN)
  })
})

test('a run for a branch has no pull request to comment on, and says so', async () => {
  await using branch = await openJob()
  const api = github()
  branch.issuer.route('/api', api.handler)
  await using step = await branch.step({ inputs: { ...GRANTED, comment: 'true' }, githubToken: TOKEN })
  expect([step.exitCode, api.asked]).toEqual([0, []])
  expect(step.log.text).toContain('comment: this run belongs to no pull request')
})
