import type { Facts } from '../../src/policy.ts'
import type { Written } from '../support/claims-of.ts'
import type { ClaimSet } from '../support/github-claims.ts'

/** One decision: what the token says beside the baseline, what the grants want, and what must come of it. */
export interface PolicyRun {
  readonly claims: ClaimSet
  /** The form of the token's `sub` where `claims` gives none; names only by default. */
  readonly form?: 'name' | 'id'
  /** Conditions of the one grant for `prod`, or several grants by target. */
  readonly when: Written | readonly (readonly [string, Written])[]
  readonly asked?: string
  readonly facts?: Facts['pullRequest']
  readonly granted: boolean
  /** The target that is granted, where there are several. */
  readonly target?: string
  /** The only claim whose check fails. */
  readonly fails?: string
  /** Texts that the printed decision must hold. */
  readonly says?: readonly string[]
  /** A text that one of the warnings must hold; none at all where it is empty. */
  readonly warns?: string
  /** What the lint of the grant must say, where it refuses the grant before any token is seen. */
  readonly lint?: string
}

/** A hostile input of the classes `policy-match` and `event`. */
export interface PolicyCase {
  readonly id: string
  readonly name: string
  readonly expected: string
  readonly why: string
  readonly runs: readonly PolicyRun[]
}

const workflow = (file: string): string => `o/r/.github/workflows/${file}`

const subjects: readonly PolicyCase[] = [
  {
    id: 'policy-match-01',
    name: 'legacy sub exact',
    expected: 'allow',
    why: 'baseline',
    runs: [{ claims: {}, when: { sub: 'repo:o/r:ref:refs/heads/main' }, granted: true }],
  },
  {
    id: 'policy-match-02',
    name: 'immutable sub',
    expected: 'allow',
    why: 'default sub for repositories created, renamed or transferred since 2026-07-15',
    runs: [
      {
        claims: { sub: 'repo:o@123/r@456:ref:refs/heads/main' },
        when: { repository: 'o/r', repository_id: '456' },
        granted: true,
      },
    ],
  },
  {
    id: 'policy-match-03',
    name: 'immutable sub, policy written for legacy',
    expected: 'deny; the message holds the exact new string to put in the trust',
    why: 'will be the commonest support case',
    runs: [
      {
        claims: {},
        form: 'id',
        when: { sub: 'repo:o/r:ref:refs/heads/main' },
        granted: false,
        fails: 'sub',
        says: ['the form with ids', '"repo:o@123/r@456:ref:refs/heads/main"'],
      },
      {
        claims: {},
        when: { sub: 'repo:o@123/r@456:ref:refs/heads/main' },
        granted: false,
        fails: 'sub',
        says: ['the form with names only', '"repo:o/r:ref:refs/heads/main"'],
      },
    ],
  },
  {
    id: 'policy-match-19',
    name: 'glob * does not cross :',
    expected: 'repo:o/* denies; such wide sub patterns are also refused by the lint',
    why: 'the trap of a string match whose trailing * admits pull_request',
    runs: [
      {
        claims: { sub: 'repo:o/r:pull_request' },
        when: { sub: 'repo:o/*' },
        granted: false,
        fails: 'sub',
        lint: 'leaves open which repository',
      },
      {
        claims: { sub: 'repo:o/r:ref:refs/heads/main' },
        when: { sub: 'repo:o/r:*' },
        granted: false,
        fails: 'sub',
        lint: 'pull requests included',
      },
    ],
  },
  {
    id: 'policy-match-29',
    name: 'environment with colon',
    expected: 'sub is parsed as structure, %3A is not a delimiter; deny the ref policy',
    why: 'an environment name that imitates other sub parts',
    runs: [
      'repo:o/r:ref:refs/heads/main',
      'repo:o/r:*:ref:refs/heads/main',
      'repo:o/r:environment:prod:ref:refs/heads/main',
    ].map((sub) => ({
      claims: {
        sub: 'repo:o/r:environment:prod%3Aref%3Arefs/heads/main',
        environment: 'prod:ref:refs/heads/main',
      },
      when: { sub },
      granted: false,
      fails: 'sub',
    })),
  },
]

const repositories: readonly PolicyCase[] = [
  {
    id: 'policy-match-05',
    name: 'resurrected repo',
    expected: 'deny',
    why: 'a deleted name registered again by someone else',
    runs: [
      {
        claims: { repository_id: '999' },
        when: { repository: 'o/r', repository_id: '456' },
        granted: false,
        fails: 'repository_id',
      },
    ],
  },
  {
    id: 'policy-match-06',
    name: 'resurrected owner',
    expected: 'deny',
    why: 'an owner name freed and taken by someone else',
    runs: [
      {
        claims: { repository_owner_id: '999' },
        when: { repository: 'o/r', repository_owner_id: '123' },
        granted: false,
        fails: 'repository_owner_id',
      },
    ],
  },
  {
    id: 'policy-match-07',
    name: 'renamed repo, same id',
    expected: 'allow when pinned by id, with a warning that the name changed',
    why: 'a rename keeps the id',
    runs: [
      {
        claims: { repository: 'o/new' },
        when: { repository: 'o/r', repository_id: '456' },
        granted: true,
        warns: 'the repository is now called "o/new"',
      },
      { claims: { repository: 'o/new' }, when: { repository: 'o/r' }, granted: false, fails: 'repository' },
    ],
  },
  {
    id: 'policy-match-09',
    name: 'repository suffix',
    expected: 'deny',
    why: 'prefix match',
    runs: [
      {
        claims: { repository: 'o/r-evil' },
        when: { repository: 'o/r' },
        granted: false,
        fails: 'repository',
      },
    ],
  },
  {
    id: 'policy-match-10',
    name: 'owner prefix',
    expected: 'deny',
    why: 'prefix match on the owner',
    runs: [
      {
        claims: { repository_owner: 'o-evil' },
        when: { repository_owner: 'o' },
        granted: false,
        fails: 'repository_owner',
      },
    ],
  },
  {
    id: 'policy-match-11',
    name: 'unicode lookalike / fullwidth slash',
    expected: 'deny; no locale/Unicode case folding',
    why: 'toLowerCase maps U+212A to k',
    runs: [
      {
        claims: { repository: 'o\u{ff0f}r' },
        when: { repository: 'o/r' },
        granted: false,
        fails: 'repository',
        says: ['U+FF0F'],
      },
      {
        claims: { repository: '\u{212a}/r' },
        when: { repository: 'k/r' },
        granted: false,
        fails: 'repository',
        says: ['U+212A'],
      },
    ],
  },
  {
    id: 'policy-match-44',
    name: 'visibility flip',
    expected: 'deny',
    why: 'a repository made public opens its triggers to strangers',
    runs: [
      {
        claims: { repository_visibility: 'public' },
        when: { repository_visibility: 'private' },
        granted: false,
        fails: 'repository_visibility',
      },
    ],
  },
  {
    id: 'policy-match-47',
    name: 'custom property claims',
    expected: 'can be matched; the claim name is validated against the repo_property_ pattern',
    why: 'custom property claims vary by organisation',
    runs: [
      { claims: { repo_property_tier: 'gold' }, when: { repo_property_tier: 'gold' }, granted: true },
      { claims: { repo_property_tier: 'tin' }, when: { repo_property_tier: 'gold' }, granted: false },
      {
        claims: { repo_properties_tier: 'tin' },
        when: { repo_properties_tier: 'gold' },
        granted: false,
        lint: 'no claim "repo_properties_tier"',
      },
    ],
  },
]

const refs: readonly PolicyCase[] = [
  {
    id: 'policy-match-12',
    name: 'branch prefix',
    expected: 'deny',
    why: 'prefix match on the ref',
    runs: [
      {
        claims: { ref: 'refs/heads/main-evil' },
        when: { ref: 'refs/heads/main' },
        granted: false,
        fails: 'ref',
      },
    ],
  },
  {
    id: 'policy-match-13',
    name: 'tag called main',
    expected: 'deny',
    why: 'tag/branch confusion',
    runs: [
      {
        claims: { ref: 'refs/tags/main', ref_type: 'tag' },
        when: { ref: 'refs/heads/main' },
        granted: false,
        fails: 'ref',
        says: ['a tag of that name, not the branch'],
      },
    ],
  },
  {
    id: 'policy-match-14',
    name: 'branch called refs/heads/main',
    expected: 'deny',
    why: 'a branch may be named so that a second prefix strip gives main',
    runs: [
      {
        claims: { ref: 'refs/heads/refs/heads/main' },
        when: { ref: 'refs/heads/main' },
        granted: false,
        fails: 'ref',
        says: ['a branch whose own name is "refs/heads/main"'],
      },
    ],
  },
  {
    id: 'policy-match-16',
    name: 'ref_type mismatch',
    expected: 'deny as inconsistent',
    why: 'tag and branch must not be confused',
    runs: [
      ['refs/tags/x', 'branch'],
      ['refs/heads/x', 'tag'],
      ['refs/pull/1/merge', 'tag'],
    ].map(([ref = '', type = '']) => ({
      claims: { ref, ref_type: type },
      when: { ref },
      granted: false,
      fails: 'ref_type',
      says: ['contradicts itself'],
    })),
  },
  {
    id: 'policy-match-17',
    name: 'PR merge ref',
    expected: 'deny',
    why: 'code of a pull request',
    runs: [
      { claims: { ref: 'refs/pull/1/merge' }, when: { ref: 'refs/heads/*' }, granted: false, fails: 'ref' },
    ],
  },
  {
    id: 'policy-match-18',
    name: 'glob * does not cross /',
    expected: 'deny; crossing "/" needs **',
    why: 'other matchers let * cross',
    runs: [
      {
        claims: { ref: 'refs/heads/a/b' },
        when: { ref: 'refs/heads/*' },
        granted: false,
        fails: 'ref',
        says: ['`**` goes on over `/`'],
      },
      { claims: { ref: 'refs/heads/a/b' }, when: { ref: 'refs/heads/**' }, granted: true },
    ],
  },
  {
    id: 'policy-match-23',
    name: 'value with newline',
    expected: 'deny',
    why: 'the end of a line is not the end of a value',
    runs: ['refs/heads/main', 'refs/heads/**'].map((ref) => ({
      claims: { ref: 'refs/heads/main\nx' },
      when: { ref },
      granted: false,
      fails: 'ref',
      says: [String.raw`refs/heads/main\u{a}x`],
    })),
  },
  {
    id: 'policy-match-24',
    name: 'value with NUL/control/bidi',
    expected: 'deny; printed escaped',
    why: 'log spoofing',
    runs: ['\u{0}', '\u{202e}'].map((character) => ({
      claims: { ref: `refs/heads/ma${character}in` },
      when: { ref: 'refs/heads/**' },
      granted: false,
      fails: 'ref',
      says: [`\\u{${character.codePointAt(0)?.toString(16)}}`],
    })),
  },
]

const patterns: readonly PolicyCase[] = [
  {
    id: 'policy-match-20',
    name: 'glob with regex metachar',
    expected: 'deny: every character but * is literal; the pattern text matches itself',
    why: 'regex metacharacters in a glob',
    runs: [
      ['o.r', 'oxr'],
      ['(a', 'a'],
      ['a+b', 'aab'],
      ['[x]', 'x'],
    ].flatMap(([pattern = '', value = '']) => [
      { claims: { actor: value }, when: { actor: pattern }, granted: false, fails: 'actor' },
      { claims: { actor: pattern }, when: { actor: pattern }, granted: true },
    ]),
  },
  {
    id: 'policy-match-21',
    name: 'regex alternation unanchored',
    expected: 'deny',
    why: 'an alternation that is not anchored matches more than it says',
    runs: [
      {
        claims: { repository_id: '123999' },
        when: { repository_id: '123|456' },
        granted: false,
        fails: 'repository_id',
        lint: '`repository_id` is a number',
      },
    ],
  },
  {
    id: 'policy-match-22',
    name: 'regex unbalanced group bypass',
    expected: 'config error (or plain literal text in a language without groups)',
    why: 'a wrapped form becomes ^(?:A)|()$ and matches everything',
    runs: [
      {
        claims: { actor: 'anybody' },
        when: { actor: String.raw`token\.example\.com)|(` },
        granted: false,
        fails: 'actor',
      },
    ],
  },
  {
    id: 'policy-match-25',
    name: 'ReDoS pattern',
    expected: 'no regex language: compared as a glob or literal in linear time',
    why: 'catastrophic backtracking',
    runs: [
      { claims: { actor: `${'a'.repeat(50)}!` }, when: { actor: '(a+)+$' }, granted: false, fails: 'actor' },
      {
        claims: { actor: `${'a'.repeat(4000)}!` },
        when: { actor: '*a'.repeat(100) },
        granted: false,
        fails: 'actor',
      },
    ],
  },
]

const environments: readonly PolicyCase[] = [
  {
    id: 'policy-match-27',
    name: 'environment empty',
    expected: 'deny',
    why: 'an empty claim is not a value',
    runs: ['prod', '*', '**'].map((environment) => ({
      claims: { environment: '' },
      when: { environment },
      granted: false,
      fails: 'environment',
    })),
  },
  {
    id: 'policy-match-30',
    name: 'environment with space/quote/comma',
    expected: 'allow on exact equality; never split on a comma or space',
    why: 'legal names with odd characters',
    runs: [
      { claims: { environment: 'prod east' }, when: { environment: 'prod east' }, granted: true },
      { claims: { environment: 'a,b' }, when: { environment: 'a,b' }, granted: true },
      { claims: { environment: 'a' }, when: { environment: 'a,b' }, granted: false },
      { claims: { environment: 'prod' }, when: { environment: 'prod east' }, granted: false },
    ],
  },
  {
    id: 'policy-match-31',
    name: 'environment present, policy requires none',
    expected: 'allow, with a warning to constrain the environment',
    why: 'the environment is there to protect and does not',
    runs: [
      {
        claims: { environment: 'prod' },
        when: { ref: 'refs/heads/main' },
        granted: true,
        warns: 'add `environment`',
      },
      { claims: { environment: 'prod' }, when: { environment: 'prod' }, granted: true, warns: '' },
    ],
  },
  {
    id: 'policy-match-32',
    name: 'environment not protected',
    expected: 'warning; deny when the policy demands protection',
    why: 'an environment without protection rules adds no control',
    runs: [
      {
        claims: { environment: 'prod', ref_protected: 'false' },
        when: { environment: 'prod' },
        granted: true,
        warns: 'no rule protects',
      },
      {
        claims: { environment: 'prod', ref_protected: 'false' },
        when: { environment: 'prod', ref_protected: 'true' },
        granted: false,
        fails: 'ref_protected',
      },
    ],
  },
]

const workflows: readonly PolicyCase[] = [
  {
    id: 'policy-match-33',
    name: 'workflow file basic.yml vs release_pypi.yml',
    expected: 'deny: "_" and "%" have no wildcard meaning',
    why: 'LIKE semantics would match any character',
    runs: [
      ['releaseXpypi.yml', 'release_pypi.yml'],
      ['release-anything.yml', 'release%.yml'],
    ].map(([token = '', grant = '']) => ({
      claims: { workflow_ref: `${workflow(token)}@refs/heads/main` },
      when: { workflow_ref: `${workflow(grant)}@refs/heads/main` },
      granted: false,
      fails: 'workflow_ref',
    })),
  },
  {
    id: 'policy-match-34',
    name: 'workflow filename with @',
    expected: 'file name parsed as nested.yml@evil.yml; deny for nested.yml',
    why: '"@" is legal in file names and refs',
    runs: ['refs/heads/main', 'refs/heads/*', '**'].map((ref) => ({
      claims: { workflow_ref: `${workflow('nested.yml@evil.yml')}@refs/heads/main` },
      when: { workflow_ref: `${workflow('nested.yml')}@${ref}` },
      granted: false,
      fails: 'workflow_ref',
    })),
  },
  {
    id: 'policy-match-35',
    name: 'ref that looks like workflow',
    expected: 'file name basic.yml, ref refs/heads/misleading@branch.yml',
    why: 'a ref that looks like a workflow file',
    runs: [
      ['basic.yml@refs/heads/misleading@branch.yml', true],
      ['basic.yml@refs/heads/*', true],
      ['basic.yml@refs/heads/misleading@*', true],
      ['branch.yml@**', false],
      ['*branch.yml@**', false],
    ].map(([pattern, granted]) => ({
      claims: { workflow_ref: workflow('basic.yml@refs/heads/misleading@branch.yml') },
      when: { workflow_ref: workflow(String(pattern)) },
      granted: granted === true,
    })),
  },
  {
    id: 'policy-match-40',
    name: 'reusable workflow pinned by mutable ref',
    expected: 'allow, with a warning unless job_workflow_sha is pinned',
    why: 'a branch of the reusable workflow can move',
    runs: [
      {
        claims: { job_workflow_ref: 'o/shared/.github/workflows/w.yml@refs/heads/main' },
        when: { job_workflow_ref: 'o/shared/.github/workflows/w.yml@refs/heads/main' },
        granted: true,
        warns: 'pin `job_workflow_sha`',
      },
      {
        claims: {
          job_workflow_ref: 'o/shared/.github/workflows/w.yml@refs/heads/main',
          job_workflow_sha: 'a'.repeat(40),
        },
        when: {
          job_workflow_ref: 'o/shared/.github/workflows/w.yml@refs/heads/main',
          job_workflow_sha: 'a'.repeat(40),
        },
        granted: true,
        warns: '',
      },
      {
        claims: { job_workflow_ref: `o/shared/.github/workflows/w.yml@${'a'.repeat(40)}` },
        when: { job_workflow_ref: `o/shared/.github/workflows/w.yml@${'a'.repeat(40)}` },
        granted: true,
        warns: '',
      },
    ],
  },
]

const production: readonly [string, Written] = ['prod', { ref: 'refs/heads/main', environment: 'production' }]
const anyBranch: readonly [string, Written] = ['dev', { ref: 'refs/heads/**' }]

const order: readonly PolicyCase[] = [
  {
    id: 'policy-match-48',
    name: 'two rules match',
    expected: 'the outcome for a named target does not depend on rule order',
    why: 'two roles for one run must not be a matter of luck',
    runs: ['prod', 'dev'].flatMap((asked) =>
      [
        [production, anyBranch],
        [anyBranch, production],
      ].map((when) => ({ claims: { environment: 'production' }, when, asked, granted: true, target: asked })),
    ),
  },
]

const untrusted = (id: string, event: string, why: string): PolicyCase => ({
  id,
  name: event,
  expected: 'deny unless explicitly allowed',
  why,
  runs: [
    { claims: { event_name: event }, when: { ref: 'refs/heads/main' }, granted: false, fails: 'event_name' },
    { claims: { event_name: event }, when: { event_name: '*' }, granted: false, fails: 'event_name' },
    {
      claims: { event_name: event },
      when: { event_name: ['push', '**'] },
      granted: false,
      fails: 'event_name',
    },
    { claims: { event_name: event }, when: { event_name: event }, granted: true },
    { claims: { event_name: event }, when: { event_name: ['push', event] }, granted: true },
  ],
})

const pullRequest: ClaimSet = {
  event_name: 'pull_request',
  ref: 'refs/pull/7/merge',
  head_ref: 'x',
  base_ref: 'main',
}

const events: readonly PolicyCase[] = [
  untrusted('event-02', 'workflow_run', 'the run that started it may be a stranger’s'),
  untrusted('event-04', 'issues', 'attacker-triggered'),
  untrusted('event-05', 'discussion_comment', 'attacker-triggered'),
  {
    id: 'event-08',
    name: 'pull_request same repo',
    expected: 'deny for production roles by default; allow for a separate ci rule by opt-in',
    why: 'the dbt models of the pull request are attacker code',
    runs: [
      { claims: pullRequest, when: { repository: 'o/r', actor: '*' }, granted: false, fails: 'event_name' },
      {
        claims: pullRequest,
        when: [
          ['prod', { actor: '*' }],
          ['ci', { event_name: 'pull_request' }],
        ],
        granted: true,
        target: 'ci',
      },
      {
        claims: pullRequest,
        when: [
          ['prod', { actor: '*' }],
          ['ci', { event_name: 'pull_request' }],
        ],
        asked: 'prod',
        granted: false,
      },
      ...(
        [{ kind: 'fork', head: 'mallory/r', base: 'o/r' }, { kind: 'unreadable' }, { kind: 'none' }] as const
      ).map((facts) => ({
        claims: pullRequest,
        facts,
        when: { event_name: 'pull_request' },
        granted: false,
        fails: 'head repository',
      })),
    ],
  },
  {
    id: 'event-10',
    name: 'environment overrides GITHUB_REF',
    expected: 'the policy reads only the signed claim: deny',
    why: 'GITHUB_* env is not trusted',
    runs: [
      {
        claims: { ref: 'refs/heads/feature' },
        when: { ref: 'refs/heads/main' },
        granted: false,
        fails: 'ref',
      },
    ],
  },
]

/** Every case of the classes `policy-match` and `event` that claims and grants alone decide. */
export const policyCases: readonly PolicyCase[] = [
  ...subjects,
  ...repositories,
  ...refs,
  ...patterns,
  ...environments,
  ...workflows,
  ...order,
  ...events,
]
