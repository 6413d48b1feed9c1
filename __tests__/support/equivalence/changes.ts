import type { Choose } from './choose.ts'

/** What makes another token of one: of the claims that GitHub signs, before the subject is made of them. */
export type Change = readonly [name: string, change: (given: Record<string, string>, choose: Choose) => void]

const TEXTS = [
  'environment',
  'ref',
  'actor',
  'workflow',
  'job_workflow_ref',
  'workflow_ref',
  'base_ref',
] as const

const UNNAMED = [
  'pull_request_target',
  'workflow_run',
  'issue_comment',
  'issues',
  'pull_request',
  'discussion',
]

function onSome(name: string, change: (text: string, choose: Choose) => string): Change {
  return [
    name,
    (given, choose) => {
      const claim = choose.one(...TEXTS.filter((one) => given[one]))
      given[claim] = change(given[claim] ?? '', choose)
    },
  ]
}

/** What people can bring about: GitHub writes the subject after it. */
export const POSSIBLE: readonly Change[] = [
  onSome('case', (text) => text.replace(/[a-z](?=[^/]*$)/, (letter) => letter.toUpperCase())),
  onSome('suffix', (text, choose) => text + choose.one('-evil', 'x', '/x', '.', '%3A', '@refs/heads/main')),
  onSome('prefix within', (text) => text.replace(/([^/]*)$/, 'evil-$1')),
  onSome('look-alike', (text) => text.replace(/[oae](?=[^/]*$)/, (one) => ({ o: 'о', a: 'а' })[one] ?? 'е')),
  onSome('unseen', (text, choose) => text + choose.one('\u200b', '\u202e', '\ufeff')),
  onSome('slash', (text) => text.replace(/(\w)(\w*)$/, '$1/$2')),
  ['another repository', (given) => void Object.assign(given, { repository: 'o/r2', repository_id: '457' })],
  [
    'a repository of the same beginning',
    (given) => void Object.assign(given, { repository: 'o/r-evil', repository_id: '458' }),
  ],
  [
    'another owner',
    (given) =>
      void Object.assign(given, { repository: 'p/r', repository_id: '459', repository_owner_id: '124' }),
  ],
  ['renamed', (given) => void Object.assign(given, { repository: 'o/r-new' })],
  ['transferred', (given) => void Object.assign(given, { repository: 'p/r', repository_owner_id: '124' })],
  ['the name taken by another', (given) => void Object.assign(given, { repository_id: '999' })],
  [
    'the owner’s name taken by another',
    (given) => void Object.assign(given, { repository_id: '999', repository_owner_id: '998' }),
  ],
  ['an event of others', (given, choose) => void (given.event_name = choose.one(...UNNAMED))],
  ['another event', (given, choose) => void (given.event_name = choose.one('push', 'schedule', 'delete'))],
  [
    'a pull request',
    (given) => void Object.assign(given, { event_name: 'pull_request', ref: 'refs/pull/7/merge' }),
  ],
  ['no environment', (given) => void delete given.environment],
  [
    'an environment',
    (given, choose) =>
      void (given.environment = choose.one(
        'staging',
        'production',
        'eu%3A1',
        'eu:1',
        'production:x',
        'prod:x',
      )),
  ],
  [
    'another branch',
    (given, choose) =>
      void (given.ref = choose.one('refs/heads/dev', 'refs/heads/main', 'refs/heads/refs/heads/main')),
  ],
  ['a tag', (given) => void (given.ref = (given.ref ?? '').replace('refs/heads/', 'refs/tags/'))],
  ['another actor', (given) => void Object.assign(given, { actor: 'mallory', actor_id: '666' })],
  [
    'a workflow of others',
    (given) => void (given.job_workflow_ref = 'p/ci/.github/workflows/dbt.yml@refs/heads/main'),
  ],
  ['an unprotected ref', (given) => void (given.ref_protected = 'false')],
  ['a runner of one’s own', (given) => void (given.runner_environment = 'self-hosted')],
  [
    'nothing of note',
    (given) => void Object.assign(given, { run_id: '900002', run_attempt: '3', sha: 'f'.repeat(40) }),
  ],
]

/** What GitHub never writes: claims that contradict each other, or that are not there. */
export const IMPOSSIBLE: readonly Change[] = [
  ['sub: other case', (given) => void (given.sub = (given.sub ?? '').replace('repo:o', 'repo:O'))],
  ['sub: suffix', (given, choose) => void (given.sub = (given.sub ?? '') + choose.one('x', ':x', '/x', ' '))],
  ['sub: prefix', (given) => void (given.sub = `x${given.sub}`)],
  [
    'sub: another context',
    (given, choose) =>
      void (given.sub = (given.sub ?? '').replace(
        /^(repo:[^:]*):.*/,
        `$1:${choose.one('pull_request', 'environment:production', 'ref:refs/heads/main', '')}`,
      )),
  ],
  [
    'sub: another repository',
    (given) => void (given.sub = (given.sub ?? '').replace(/^repo:[^:]*/, 'repo:o/r:x/y')),
  ],
  [
    'sub: the other form',
    (given) =>
      void (given.sub = given.sub?.startsWith('repo:o/')
        ? (given.sub ?? '').replace('repo:o/r:', 'repo:o@123/r@456:')
        : (given.sub ?? '').replaceAll(/@\d+/g, '')),
  ],
  ['environment beside its sub', (given) => void (given.environment = 'staging')],
  [
    'ref beside its sub',
    (given) => void Object.assign(given, { ref: 'refs/heads/other', ref_type: 'branch' }),
  ],
  ['ids beside their sub', (given) => void Object.assign(given, { repository_id: '999' })],
  ['repository beside its sub', (given) => void (given.repository = 'o/r2')],
  [
    'a claim less',
    (given, choose) =>
      void delete given[
        choose.one('actor', 'environment', 'job_workflow_ref', 'ref', 'repository_id', 'event_name')
      ],
  ],
  ['an empty claim', (given, choose) => void (given[choose.one('actor', 'environment', 'base_ref')] = '')],
]

/** What comes close to a condition on one claim. */
export const NEAR: Readonly<Record<string, readonly Change[]>> = {
  environment: [
    ['the environment of the same subject', to('environment', (text) => swapped(text, ':', '%3A'))],
    ['an environment with a colon', to('environment', (text) => text.replace(/(.)$/, ':$1'))],
    ['an environment with a slash', to('environment', (text) => text.replace(/(.)$/, '/$1'))],
  ],
  ref: [
    ['a branch within', to('ref', (text) => `${text}/x`)],
    ['a branch of branches', to('ref', (text) => text.replace('refs/', 'refs/heads/refs/'))],
  ],
  base_ref: [['no pull request', (given) => void (given.base_ref = '')]],
  job_workflow_ref: hostile('job_workflow_ref'),
  workflow_ref: hostile('workflow_ref'),
}

function to(claim: string, change: (text: string) => string): Change[1] {
  return (given) => void (given[claim] = change(given[claim] ?? ''))
}

function swapped(text: string, one: string, other: string): string {
  return text.includes(one) ? text.replaceAll(one, other) : text.replaceAll(other, one)
}

/** The names that a branch and a file may have, and that look like the end or the beginning of another workflow. */
function hostile(claim: string): readonly Change[] {
  const at = (behind: string): Change[1] => to(claim, (text) => text.replace('@', `@${behind}@`))
  return [
    ['a hostile branch', at('refs/heads/evil')],
    ['a hostile file', at('evil.yml')],
    [
      'a branch like a path',
      to(claim, (text) => text.replace(/(?=[/][.]github)/, '/.github/workflows/evil.yml@b')),
    ],
    ['a folder below', to(claim, (text) => text.replace('@', '/evil.yml@'))],
  ]
}
