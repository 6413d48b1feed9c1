import { describe, expect, test } from '@jest/globals'
import { CLAIM_NAMES, checkClaimName, isClaimName, nearestClaim } from '../src/claim-names.ts'
import { nearest } from '../src/nearest.ts'
import { checkWhen, mayBothHold, overlaps, restriction } from '../src/policy/lint.ts'
import { grantOf, whenOf, type Written } from './support/claims-of.ts'

const texts = (when: Written, severity: 'problem' | 'warning'): readonly string[] =>
  checkWhen(whenOf(when))
    .filter((finding) => finding.severity === severity)
    .map(({ text }) => text)

const open = (pattern: string): string =>
  `"${pattern}" leaves open which repository it is for; name the repository in \`sub\`.`
const everyRun = (pattern: string): string =>
  `"${pattern}" would hold for every run of the repository, pull requests included; name what comes behind it, e.g. "repo:o/r:ref:refs/heads/main".`
const whose = (pattern: string): string => `"${pattern}" leaves open whose repository it is; name the owner.`
const isNot = (claim: string, words: string, pattern: string): string =>
  `\`${claim}\` is ${words}, which "${pattern}" is not.`
const WORKFLOW = 'OWNER/NAME/.github/workflows/FILE@REF'
const USER = 'the name of a user or organisation'
const EVENT = 'the name of an event, such as push'

const manyRepositories = (pattern: string): string =>
  `\`repository: "${pattern}"\` admits more than one repository.`
const anyRef = (pattern: string): string =>
  `\`ref: "${pattern}"\` admits every branch and tag, also one that anybody with write access makes up.`

const anyBranch = (pattern: string, which: string, claim = 'ref'): string =>
  `\`${claim}: "${pattern}"\` admits ${which}, also one that anybody with write access makes up; \`environment\` or \`ref_protected: "true"\` beside it would narrow that.`
const noEvent = (name: string, rest: string): string =>
  `GitHub is not known to have an event \`${name}\`${rest}`

describe('checkClaimName', () => {
  test('knows every claim of the list, custom properties and names of one’s own', () => {
    for (const name of [...CLAIM_NAMES, 'repo_property_tier', 'x-team'])
      expect(checkClaimName(name)).toBeUndefined()
  })

  test.each([
    ['enviroment', '`environment`'],
    ['repositry', '`repository`'],
    ['repository-id', '`repository_id`'],
    ['Repository', '`repository`'],
    ['event', '`event_name`'],
    ['branch', '`ref: refs/heads/NAME`'],
    ['repo', '`repository`'],
    ['evnet_name', '`event_name`'],
    ['job_worklfow_ref', '`job_workflow_ref`'],
  ])('answers %s with %s', (name, meant) => {
    expect(checkClaimName(name)).toContain(`did you mean ${meant}`)
  })

  test.each(['zzzzzz', '', 'constructor', '__proto__', 'repo_property_', 'x-'])(
    'has no suggestion for %j',
    (name) => {
      expect(checkClaimName(name)).toContain('custom names start with')
    },
  )

  test.each([
    ['iss', 'The issuer is checked before any grant; set `issuer` instead.'],
    ['aud', 'The audience is checked before any grant; set `audience` instead.'],
    ['jti', '`jti` differs in every token, so no grant can name it.'],
    ['iat', '`iat` differs in every token, so no grant can name it.'],
    ['exp', '`exp` differs in every token, so no grant can name it.'],
    ['nbf', '`nbf` differs in every token, so no grant can name it.'],
  ])('refuses %s with its own reason', (name, reason) => {
    expect(checkClaimName(name)).toBe(reason)
  })

  test('says what to write for what people call a claim, whatever its case and with hyphens', () => {
    const meant = {
      branch: 'ref: refs/heads/NAME',
      tag: 'ref: refs/tags/NAME',
      repo: 'repository',
      'Repo-ID': 'repository_id',
      owner: 'repository_owner',
      owner_id: 'repository_owner_id',
      org: 'repository_owner',
      env: 'environment',
      event: 'event_name',
      subject: 'sub',
      user: 'actor',
      workflow_file: 'workflow_ref',
      visibility: 'repository_visibility',
      protected: 'ref_protected',
    }
    for (const [name, claim] of Object.entries(meant))
      expect([name, nearestClaim(name)]).toEqual([name, claim])
    expect(checkClaimName('BRANCH')).toBe(
      'GitHub\'s tokens have no claim "BRANCH": did you mean `ref: refs/heads/NAME`?',
    )
    expect(checkClaimName('zzzzzz')).toBe(
      'GitHub\'s tokens have no claim "zzzzzz": custom names start with `repo_property_` or `x-`; see the list of claims in docs/policy.md.',
    )
  })

  test('takes names of one’s own as GitHub does, and no others', () => {
    const own = [
      'repo_property_Tier_1$#-',
      `repo_property_${'a'.repeat(75)}`,
      'x-a_1-b',
      `x-${'a'.repeat(75)}`,
    ]
    expect(own.filter((name) => !isClaimName(name))).toEqual([])
    const others = [
      `repo_property_${'a'.repeat(76)}`,
      `x-${'a'.repeat(76)}`,
      'repo_property_a b',
      'my_repo_property_a',
      'x-A',
      'ax-a',
    ]
    expect(others.filter(isClaimName)).toEqual([])
  })
})

describe('nearest', () => {
  test.each([
    ['prdo', 'prod'],
    ['PROD', 'prod'],
    ['stagng', 'staging'],
    ['full-refresh', 'full_refresh'],
    ['xyz', undefined],
    ['', undefined],
    ['x'.repeat(5000), undefined],
  ])('answers %j with %j', (name, expected) => {
    expect(nearest(name, ['prod', 'staging', 'full_refresh'])).toBe(expected)
  })
})

describe('checkWhen', () => {
  const fine = { repository: 'o/r', ref: 'refs/heads/main' }

  test('has nothing to say of an ordinary grant', () => {
    expect(checkWhen(whenOf(fine))).toEqual([])
    expect(
      checkWhen(whenOf({ repository: 'o/r', sub: 'repo:o/r:environment:prod', event_name: ['push'] })),
    ).toEqual([])
  })

  test.each<readonly [Written, readonly string[]]>([
    [{}, ['The grant names no claim, so it would grant nothing.']],
    [{ ...fine, ref: [] }, ['`ref` has an empty list, which nothing matches.']],
    [
      { ...fine, ref: 'main' },
      ['refs are written in full, so "main" matches none; did you mean "refs/heads/main"?'],
    ],
    [{ ...fine, ref: '*' }, ['`*` stops at `/`, so it matches no ref; "**" says any ref.']],
    [{ ...fine, ref: 'refs/heads/***' }, ['Three or more stars in a row mean nothing; write `*` or `**`.']],
    [{ ...fine, environment: ' foo' }, ['" foo" starts or ends with a space, which no `environment` does.']],
    [{ ...fine, environment: 'foo ' }, ['"foo " starts or ends with a space, which no `environment` does.']],
    [
      { ...fine, environment: '' },
      ['An empty pattern matches nothing; name a value or leave the claim out.'],
    ],
    [
      { ...fine, enviroment: 'prod' },
      ['GitHub\'s tokens have no claim "enviroment": did you mean `environment`?'],
    ],
    [{ ...fine, repository_owner: 'o@' }, [isNot('repository_owner', USER, 'o@')]],
    [{ ...fine, repository_owner: '@o' }, [isNot('repository_owner', USER, '@o')]],
    [{ ...fine, repository: '$x' }, [isNot('repository', 'OWNER/NAME', '$x')]],
    [{ ...fine, repository: 'o/r$' }, [isNot('repository', 'OWNER/NAME', 'o/r$')]],
    [{ ...fine, repository: 'o/r/s' }, [isNot('repository', 'OWNER/NAME', 'o/r/s')]],
    [{ ...fine, repository: '$o/r' }, [isNot('repository', 'OWNER/NAME', '$o/r')]],
    [{ ...fine, repository: 'r' }, [isNot('repository', 'OWNER/NAME', 'r')]],
    [{ ...fine, workflow_ref: 'release.yml' }, [isNot('workflow_ref', WORKFLOW, 'release.yml')]],
    [{ ...fine, job_workflow_ref: 'o/r/x.yml' }, [isNot('job_workflow_ref', WORKFLOW, 'o/r/x.yml')]],
    [{ ...fine, repository_id: 'o1' }, [isNot('repository_id', 'a number', 'o1')]],
    [{ ...fine, repository_id: '1o' }, [isNot('repository_id', 'a number', '1o')]],
    [{ ...fine, repository_owner_id: '1o' }, [isNot('repository_owner_id', 'a number', '1o')]],
    [{ ...fine, repository_owner_id: 'o1' }, [isNot('repository_owner_id', 'a number', 'o1')]],
    [{ ...fine, actor_id: '1o' }, [isNot('actor_id', 'a number', '1o')]],
    [{ ...fine, actor_id: 'o1' }, [isNot('actor_id', 'a number', 'o1')]],
    [{ ...fine, enterprise_id: '1o' }, [isNot('enterprise_id', 'a number', '1o')]],
    [{ ...fine, enterprise_id: 'o1' }, [isNot('enterprise_id', 'a number', 'o1')]],
    [{ ...fine, ref_type: 'branches' }, ['`ref_type` is never "branches"; it is one of branch, tag.']],
    [{ ...fine, ref_protected: 'yes' }, ['`ref_protected` is never "yes"; it is one of true, false.']],
    [
      { ...fine, repository_visibility: 'secret' },
      ['`repository_visibility` is never "secret"; it is one of public, private, internal.'],
    ],
    [
      { ...fine, runner_environment: 'mine' },
      ['`runner_environment` is never "mine"; it is one of github-hosted, self-hosted.'],
    ],
    [{ ...fine, event_name: 'Push' }, [isNot('event_name', EVENT, 'Push')]],
    [{ ...fine, event_name: 'pusH' }, [isNot('event_name', EVENT, 'pusH')]],
    [{ ...fine, sub: 'repo:o/r:**' }, [everyRun('repo:o/r:**')]],
    [{ ...fine, sub: 'repo:o/r:*:**' }, [everyRun('repo:o/r:*:**')]],
    [{ ...fine, sub: 'repo:o*/r:ref:refs/heads/main' }, [open('repo:o*/r:ref:refs/heads/main')]],
    [{ ...fine, sub: 'repo:*' }, [open('repo:*')]],
    [{ ...fine, sub: '**' }, ['`sub: **` says nothing; name the subject.']],
    [{ ...fine, repository: '**' }, [whose('**')]],
    [{ ...fine, repository: '*/r' }, [whose('*/r')]],
    [{ ...fine, repository: 'ab*/r' }, [whose('ab*/r')]],
    [{ environment: ['*', 'a'] }, ['Every condition of the grant admits any value; name at least one.']],
    [{ ...fine, repository: '*/r', repository_id: ['1', '2*'] }, [whose('*/r')]],
    [
      { repository: '**', repository_owner: '*', environment: '**' },
      [whose('**'), 'Every condition of the grant admits any value; name at least one.'],
    ],
  ])('refuses %j', (when, reasons) => {
    expect(texts(when, 'problem')).toEqual(reasons)
  })

  test.each<Written>([
    { ...fine, ref: 'refs/tags/v*' },
    { ...fine, repository_owner: 'a-B_9*' },
    { ...fine, repository: 'a-B_9/a.B-_9' },
    { ...fine, job_workflow_ref: 'o/r/.github/workflows/a.yml@refs/heads/main' },
    { ...fine, repository_id: '10', repository_owner_id: '20', actor_id: '30', enterprise_id: '40' },
    { ...fine, ref_type: ['branch', 'tag'], ref_protected: ['true', 'false'] },
    {
      ...fine,
      repository_visibility: ['public', 'private', 'internal'],
      runner_environment: ['github-hosted', 'self-hosted'],
    },
    { ...fine, event_name: 'merge_group' },
    { ...fine, sub: 'repo:o/r:environment:*' },
    // A subject of one's own says what it says, stars and all.
    { ...fine, sub: 'tier:*' },
    { repository: 'o/r', sub: 'tier:repo:o/r:ref:refs/heads/**' },
    { ...fine, environment: '*a' },
    { ...fine, sub: 'repo:o/r' },
    { repository: ['o/r', 'o/s'], environment: ['prod'] },
  ])('has nothing to say of %j', (when) => {
    expect(checkWhen(whenOf(when))).toEqual([])
  })

  test.each([
    ['repository_owner', 255, ''],
    ['environment', 255, ''],
    ['sub', 1024, 'repo:o/r:'],
    ['workflow_ref', 1024, 'o/r@'],
    ['job_workflow_ref', 1024, 'o/r@'],
  ])('takes no pattern of %s that is longer than %d characters', (claim, limit, start) => {
    const longest = start + 'a'.repeat(limit - start.length)
    expect(texts({ ...fine, [claim]: longest }, 'problem')).toEqual([])
    expect(texts({ ...fine, [claim]: `${longest}a` }, 'problem')).toEqual([
      `\`${claim}\` has a pattern of more than ${limit} characters.`,
    ])
  })

  test.each<readonly [Written, readonly string[]]>([
    [{ ...fine, ref: '**' }, [anyRef('**')]],
    [{ ...fine, ref: 'refs/**' }, [anyRef('refs/**')]],
    [{ ...fine, environment: '*' }, ['`environment: "*"` admits any value.']],
    [{ ...fine, environment: '**' }, ['`environment: "**"` admits any value.']],
    [{ ...fine, environment: 'refs/**' }, []],
    [{ ...fine, environment: ['*', 'a'] }, ['`environment: "*"` admits any value.']],
    [
      { ...fine, event_name: 'pull_*' },
      [
        'a pattern never names an event that needs its name: pull_request_target, pull_request, pull_request_review, pull_request_review_comment.',
      ],
    ],
    [{ ...fine, event_name: 'merge_*' }, []],
    [{ ...fine, ref: 'refs/heads/**' }, [anyBranch('refs/heads/**', 'any branch')]],
    [{ ...fine, ref: ['refs/heads/main', 'refs/heads/**'] }, [anyBranch('refs/heads/**', 'any branch')]],
    [{ ...fine, ref: 'refs/heads/*' }, [anyBranch('refs/heads/*', 'any branch without a slash in its name')]],
    [{ ...fine, ref: 'refs/heads/**', event_name: 'push' }, [anyBranch('refs/heads/**', 'any branch')]],
    [{ ...fine, ref: 'refs/heads/**', ref_type: 'branch' }, [anyBranch('refs/heads/**', 'any branch')]],
    // Who may use an environment, or make a branch protected, is not for whoever pushes to say.
    ...[
      { environment: 'production' },
      { ref_protected: 'true' },
      { sub: 'repo:o/r:ref:refs/heads/main' },
      { actor: 'octocat' },
      { actor_id: '1' },
      { sha: 'a' },
      { workflow_ref: 'o/r/x.yml@refs/heads/main' },
      { workflow_sha: 'a' },
      { job_workflow_ref: 'o/r/x.yml@refs/heads/main' },
      { job_workflow_sha: 'a' },
    ].map((more): readonly [Written, readonly string[]] => [{ ...fine, ref: 'refs/heads/*', ...more }, []]),
    [
      { ...fine, ref: 'refs/heads/**', environment: ['production', '**'] },
      [anyBranch('refs/heads/**', 'any branch'), '`environment: "**"` admits any value.'],
    ],
    [
      { repository: 'o/r', sub: ['repo:o/r:ref:refs/heads/main', 'repo:o/r:ref:refs/heads/**'] },
      [anyBranch('repo:o/r:ref:refs/heads/**', 'any branch', 'sub')],
    ],
    [
      { ...fine, ref: 'refs/heads/*', sub: 'repo:o/r:ref:refs/heads/**' },
      [
        anyBranch('refs/heads/*', 'any branch without a slash in its name'),
        anyBranch('repo:o/r:ref:refs/heads/**', 'any branch', 'sub'),
      ],
    ],
    [{ repository: 'o/r', sub: 'repo:o/r:ref:refs/heads/**', ref: 'refs/heads/main' }, []],
    [{ ...fine, ref: 'refs/heads/a*' }, []],
    [{ ...fine, ref: 'refs/heads/b**' }, []],
    [{ ...fine, event_name: 'pull_requests' }, [noEvent('pull_requests', '; did you mean `pull_request`?')]],
    [
      { ...fine, event_name: ['push', 'workflow_dispach'] },
      [noEvent('workflow_dispach', '; did you mean `workflow_dispatch`?')],
    ],
    [{ ...fine, event_name: 'zzzzzzzzzz' }, [noEvent('zzzzzzzzzz', '.')]],
    [
      { ...fine, event_name: 'workflow_call' },
      [
        'no token has the event `workflow_call`: a reusable workflow has the event of its caller, and is named by `job_workflow_ref`.',
      ],
    ],
    [{ ...fine, repository: 'o/*' }, [manyRepositories('o/*')]],
    [{ ...fine, repository: '*/r', repository_owner: 'o' }, [manyRepositories('*/r')]],
    [{ ...fine, repository: '*/r', repository_id: '1' }, [manyRepositories('*/r')]],
    [{ ...fine, repository: '*/r', repository_owner_id: '1' }, [manyRepositories('*/r')]],
  ])('accepts %j with a warning', (when, reasons) => {
    expect(texts(when, 'problem')).toEqual([])
    expect(texts(when, 'warning')).toEqual(reasons)
  })

  test.each(
    (
      'push pull_request pull_request_review pull_request_review_comment pull_request_target branch_protection_rule check_run check_suite create delete deployment deployment_status discussion discussion_comment ' +
      'dynamic fork gollum image_version issue_comment issues label merge_group milestone page_build project project_card ' +
      'project_column public registry_package release repository_dispatch schedule status watch workflow_dispatch workflow_run'
    ).split(' '),
  )('knows the event %s', (name) => {
    expect(texts({ ...fine, event_name: name }, 'warning')).toEqual([])
  })

  test('says of an odd event that its name is what is odd', () => {
    expect(checkWhen(whenOf({ ...fine, event_name: 'pushed' }))).toMatchObject([{ about: 'name' }])
  })

  test('reports all problems at once, each with its claim', () => {
    const findings = checkWhen(whenOf({ repositry: 'o/r', ref: ['main', 'a***'] }))
    expect(findings.map(({ claim }) => claim)).toEqual(['repositry', 'ref', 'ref'])
  })
})

describe('restriction', () => {
  test.each<readonly [Written, boolean]>([
    [{ repository: 'o/r' }, false],
    [
      {
        repository_id: '1',
        repository_owner: 'o',
        repository_owner_id: '2',
        repository_visibility: 'private',
      },
      false,
    ],
    [{ repository: 'o/r', enterprise: 'e', repo_property_tier: 'gold' }, false],
    [{ enterprise_id: '1', issuer_scope: 'enterprise' }, false],
    [{}, false],
    [{ ref: '**' }, true],
    [{ environment: 'prod' }, true],
    [{ sub: 'repo:o/r:pull_request' }, true],
    [{ repository: 'o/r', actor: 'x' }, true],
  ])('of %j is %j', (when, expected) => {
    expect(restriction(whenOf(when))).toBe(expected)
  })
})

describe('overlaps', () => {
  test.each<readonly [Written, Written, boolean]>([
    [{ ref: 'refs/heads/main' }, { ref: 'refs/heads/**' }, true],
    [{ ref: 'refs/heads/main' }, { ref: 'refs/tags/*' }, false],
    [{ ref: 'refs/heads/main' }, { environment: 'x' }, true],
    [{ ref: 'refs/heads/main', environment: 'production' }, { event_name: 'pull_request' }, false],
    [{ event_name: 'pull_request' }, { event_name: ['push', 'pull_request'] }, true],
    [{ event_name: 'pull_*' }, { event_name: 'pull_request' }, false],
    [{ event_name: 'push' }, { ref: '**' }, true],
    [{}, { ref: '**' }, false],
  ])('%j and %j: %j', (one, other, expected) => {
    expect(mayBothHold(whenOf(one), whenOf(other))).toBe(expected)
    expect(mayBothHold(whenOf(other), whenOf(one))).toBe(expected)
  })

  test('name both grants, and say nothing of grants for one target', () => {
    const [main, any] = [{ ref: 'refs/heads/main' }, { ref: '**' }]
    expect(overlaps([grantOf(main, 'prod', 'A'), grantOf(any, 'dev', 'B')])).toEqual([
      'A (prod) and B (dev) can both hold for one run; without `target` the first one wins.',
    ])
    expect(overlaps([grantOf(main, 'prod', 'A'), grantOf(any, 'prod', 'B')])).toEqual([])
  })
})
