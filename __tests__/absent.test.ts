import { expect, test } from '@jest/globals'
import { explainAbsence, type Evidence } from '../src/token/absent.ts'
import { untrustedPullRequest } from '../src/token/pull-request.ts'

const pull = (head: unknown, base: unknown = { id: 456, full_name: 'o/r' }): unknown => ({
  action: 'opened',
  pull_request: { head: { repo: head, sha: 'abc' }, base: { repo: base } },
})

const fork = pull({ id: 789, full_name: 'mallory/r', fork: true })

const WITHOUT =
  '`without-token: parse` runs `dbt parse` without credentials instead, and `without-token: skip` does nothing.'

function evidence(given: Partial<Evidence>): Evidence {
  return {
    requestUrl: undefined,
    requestToken: undefined,
    actor: 'octocat',
    eventName: 'push',
    event: { ref: 'refs/heads/main' },
    repository: 'o/r',
    ...given,
  }
}

test('a job without the permission is told what to add, for itself and for its caller', () => {
  for (const given of [{}, { requestUrl: '', requestToken: '' }, { event: undefined }]) {
    const failure = explainAbsence(evidence(given))
    expect(failure).toEqual({
      code: 'id-token-permission',
      problem: 'This job may not ask for an ID token: GitHub gave it no address to ask at.',
      remedy:
        'Give the job the permission `id-token: write`, and the calling job too if this is a reusable workflow.',
      details: [
        'In the job (naming one permission takes away all others, so `contents: read` for the checkout stands beside it):',
        '    permissions:',
        '      id-token: write',
        '      contents: read',
        'If the job is part of a reusable workflow, also in the workflow that calls it:',
        '    jobs:',
        '      dbt:',
        '        permissions:',
        '          id-token: write',
        '          contents: read',
        '        uses: OWNER/REPOSITORY/.github/workflows/dbt.yml@REF',
      ],
    })
  }
})

test('Dependabot is known by its name as the actor, also in a pull request of a fork', () => {
  const failure = explainAbsence(
    evidence({ actor: 'dependabot[bot]', eventName: 'pull_request', event: fork }),
  )
  expect(failure).toEqual({
    code: 'id-token-dependabot',
    problem: 'Dependabot started this run, and its runs get no ID token.',
    remedy: `Leave the check of its pull requests without a warehouse: ${WITHOUT}`,
  })
  expect(explainAbsence(evidence({ actor: 'dependabot' })).code).toBe('id-token-permission')
})

test('a fork is known by the event file, and both repositories are named', () => {
  const failure = explainAbsence(evidence({ eventName: 'pull_request', event: fork }))
  expect(failure).toEqual({
    code: 'id-token-fork',
    problem:
      'This pull request comes from mallory/r, not from o/r itself, and GitHub gives such runs no ID token.',
    remedy: `That is as it should be: nobody has reviewed this code yet. ${WITHOUT}`,
  })
  expect(explainAbsence(evidence({ event: pull(null) })).code).toBe('id-token-fork')
})

test('a pull request of the repository itself that gets no token lacks the permission', () => {
  const event = pull({ id: 456, full_name: 'o/r' })
  expect(explainAbsence(evidence({ eventName: 'pull_request', event })).code).toBe('id-token-permission')
})

test('one variable without the other names the one that is missing', () => {
  const url = explainAbsence(evidence({ requestToken: 'secret-request-token' }))
  expect(url.problem).toBe(
    'One of the two variables that GitHub sets for a job with `id-token: write` is there, and ACTIONS_ID_TOKEN_REQUEST_URL is missing.',
  )
  expect(url.remedy).toBe(
    'A step, a container or the shell in between has dropped or emptied it: pass both variables on, or use the action directly in the job.',
  )
  const token = explainAbsence(evidence({ requestUrl: 'https://x/?secret' }))
  expect(token.problem).toContain('ACTIONS_ID_TOKEN_REQUEST_TOKEN is missing')
  expect([url.code, token.code]).toEqual(['id-token-permission', 'id-token-permission'])
  expect(JSON.stringify([url, token])).not.toContain('secret')
})

test.each<[string, unknown, string]>([
  ['no pull request', { ref: 'x' }, 'none'],
  ['the repository itself', pull({ id: 456, full_name: 'o/r' }), 'same'],
  ['the repository itself in other letters', pull({ id: 456, full_name: 'O/R' }), 'same'],
  ['the repository itself without ids', pull({ full_name: 'o/r' }), 'same'],
  ['another repository', fork, 'fork'],
  ['another repository of the same name', pull({ id: 1, full_name: 'o/r' }), 'fork'],
  ['a repository that only begins so', pull({ id: 2, full_name: 'o/r-evil' }), 'fork'],
  ['a deleted fork', pull(null), 'fork'],
  [
    'a base that is another repository',
    pull({ id: 456, full_name: 'o/x' }, { id: 9, full_name: 'o/x' }),
    'unreadable',
  ],
  ['no event file', undefined, 'unreadable'],
  ['an event of null', null, 'unreadable'],
  ['an event that is a list', [fork], 'unreadable'],
  ['an event that is a text', 'pull_request', 'unreadable'],
  ['a pull request of null', { pull_request: null }, 'unreadable'],
  [
    'a head without a repository member',
    { pull_request: { head: {}, base: { repo: { full_name: 'o/r' } } } },
    'unreadable',
  ],
  ['a base without a repository', pull({ full_name: 'o/r' }, null), 'unreadable'],
  ['a head whose name is a number', pull({ full_name: 1 }), 'unreadable'],
  ['a head whose name could steer a log', pull({ full_name: 'o/r\n::error::x' }), 'unreadable'],
  ['a head whose name has more than two parts', pull({ full_name: 'o/r/x' }), 'unreadable'],
  ['a head whose name begins with a space', pull({ full_name: ' o/r' }), 'unreadable'],
  ['a head whose id is a text', pull({ id: '456', full_name: 'o/r' }), 'unreadable'],
  [
    'the repository itself, of which the base has no id',
    pull({ id: 1, full_name: 'o/r' }, { full_name: 'o/r' }),
    'same',
  ],
  ['an inherited pull request', Object.create({ pull_request: {} }), 'none'],
])('%s', (_name, event, kind) => {
  expect(untrustedPullRequest(event, 'o/r').kind).toBe(kind)
})

test('a fork is reported with head and base', () => {
  expect(untrustedPullRequest(fork, 'o/r')).toEqual({ kind: 'fork', head: 'mallory/r', base: 'o/r' })
  expect(untrustedPullRequest(pull(null), 'O/R')).toEqual({
    kind: 'fork',
    head: 'a deleted fork',
    base: 'o/r',
  })
})
