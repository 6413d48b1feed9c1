import { describe, expect, test } from '@jest/globals'
import type { RefName } from '../src/check/deployment.ts'
import type { Answer } from '../src/doctor/answer.ts'
import { environmentLine, type EnvironmentSetting } from '../src/doctor/environment.ts'
import { idsLine } from '../src/doctor/ids.ts'
import { printed, type Line } from '../src/doctor/line.ts'
import { subjectLines, type Subjects, type SubjectSetting } from '../src/doctor/subject.ts'
import { claimsOf, grantOf } from './support/claims-of.ts'

const open: EnvironmentSetting = { reviewers: 0, selfReview: true, wait: 0, deployment: 'any' }
const branches = (...names: string[]): Answer<readonly RefName[]> => ({
  told: names.map((pattern) => ({ type: 'branch', pattern })),
})

const seen = (setting: Answer<EnvironmentSetting>, refs: readonly string[] = ['refs/heads/main']): Line =>
  environmentLine({ repository: 'o/r', name: 'prod uction', refs, setting })

describe('an environment', () => {
  test.each<[string, Answer<EnvironmentSetting>, readonly string[], Line['mark'], string, RegExp]>([
    [
      'that any branch may use is odd, since its subject names no branch',
      { told: open },
      ['refs/heads/main'],
      'odd',
      'any branch may use it, and the subject of such a job names no branch',
      /gh api -X PUT repos\/o\/r\/environments\/prod%20uction -F 'deployment_branch_policy\[protected_branches\]=false'[^]*-f name=main/,
    ],
    [
      'of protected branches is fine',
      { told: { ...open, deployment: 'protected' } },
      [],
      'ok',
      'protected branches only',
      /^$/,
    ],
    [
      'of the branches that the policy names is fine',
      { told: { ...open, deployment: branches('main') } },
      ['refs/heads/main'],
      'ok',
      'main only',
      /^$/,
    ],
    [
      'of more branches than the policy names is odd',
      { told: { ...open, deployment: branches('main', 'release/*') } },
      ['refs/heads/main'],
      'odd',
      'lets main, release/* use it: "release/*" is more than the policy names',
      /Take it out of the rule/,
    ],
    [
      'of a wildcard that only covers what the policy names is odd',
      { told: { ...open, deployment: branches('ma*') } },
      ['refs/heads/main'],
      'odd',
      '"ma*" is more than the policy names',
      /Take it out/,
    ],
    [
      'that shuts out the branch of the policy keeps it from running',
      { told: { ...open, deployment: branches('release/*') } },
      ['refs/heads/main'],
      'wrong',
      'and not "refs/heads/main", which the policy names',
      /deployment-branch-policies -f name=main/,
    ],
    [
      'of a tag is told apart from a branch of that name',
      { told: { ...open, deployment: { told: [{ type: 'tag', pattern: 'v1' }] } } },
      ['refs/heads/v1'],
      'wrong',
      'lets tag v1 use it',
      /-f name=v1/,
    ],
    [
      'that GitHub does not show is made by the first job that names it',
      { untold: '404' },
      [],
      'odd',
      '404',
      /Make it first: gh api -X PUT/,
    ],
    [
      'that the token may not see is told with the permission',
      { untold: '403' },
      [],
      'open',
      'it needs the permission "Actions: read"',
      /^$/,
    ],
    [
      'whose branches the token may not see stays open',
      { told: { ...open, deployment: { untold: '403' } } },
      [],
      'open',
      'named branches only, but which?',
      /^$/,
    ],
  ])('%s', (_title, setting, refs, mark, text, remedy) => {
    const line = seen(setting, refs)
    expect([line.mark, line.text]).toEqual([mark, expect.stringContaining(text)])
    expect(line.remedy ?? '').toMatch(remedy)
  })

  test('tells who has to approve, and how long it waits', () => {
    const line = seen({ told: { reviewers: 2, selfReview: false, wait: 30, deployment: 'protected' } })
    expect(line.facts).toEqual([
      'has to be approved by one of 2 reviewers, and never by whoever has started the run',
      'waits 30 minutes',
    ])
    expect(seen({ told: open }).facts).toEqual(['nobody has to approve'])
  })
})

describe('the subject', () => {
  const github: SubjectSetting = { isDefault: true, keys: [], immutable: true, prefix: undefined }
  const marks = (subjects: Partial<Subjects>): readonly string[] =>
    subjectLines({
      repository: 'o/r',
      own: { told: github },
      organisation: undefined,
      real: undefined,
      ...subjects,
    }).map(({ mark, text, remedy = '' }) => `${mark} ${text} ${remedy}`)

  test.each<[string, Partial<Subjects>, readonly RegExp[]]>([
    ['by GitHub’s template and with ids is fine', {}, [/^ok .*own template/, /^ok .*with their ids/]],
    [
      'by name alone is odd, and the command that changes it stands there',
      { own: { told: { ...github, immutable: false } } },
      [/^ok/, /^odd .*by name alone.*customization\/sub -F use_default=true -F use_immutable_subject=true/],
    ],
    [
      'with ids by the organisation is fine',
      {
        own: { told: { ...github, immutable: undefined } },
        organisation: { told: { keys: [], immutable: true } },
      },
      [/^ok/, /^ok .*by the setting of the organisation/],
    ],
    [
      'that the repository has switched off is odd whatever the organisation says',
      {
        own: { told: { ...github, immutable: false } },
        organisation: { told: { keys: [], immutable: true } },
      },
      [/^ok/, /^odd .*by name alone/],
    ],
    [
      'that is the organisation’s to say stays open where it does not tell',
      { own: { told: { ...github, immutable: undefined } }, organisation: { untold: '403' } },
      [
        /^ok/,
        /^open .*the organisation's to say: GitHub does not tell \(403\): it needs the permission "Administration: read"/,
      ],
    ],
    [
      'of a template of the repository is odd',
      { own: { told: { ...github, isDefault: false, keys: ['repo', 'job_workflow_ref'] } } },
      [
        /^odd .*template of the repository: repo, job_workflow_ref .*write the whole subject as `sub:`/,
        /^ok/,
      ],
    ],
    [
      'of the template of the organisation is odd',
      {
        own: { told: { ...github, isDefault: false } },
        organisation: { told: { keys: ['repository_owner'], immutable: undefined } },
      },
      [/^odd .*template of the organisation: repository_owner/, /^ok/],
    ],
    [
      'that GitHub does not tell stays open',
      { own: { untold: '404' } },
      [/^open .*\(404\): it needs the permission "Actions: read"/],
    ],
    [
      'of a repository that was renamed is told so',
      { own: { untold: '301' } },
      [/^open .*another name now \(301\): write that one into the policy/],
    ],
    [
      'behind a wrong token stays open',
      { own: { untold: '401' } },
      [/^open .*does not know the token of GITHUB_TOKEN/],
    ],
  ])('%s', (_title, subjects, expected) => {
    expect(marks(subjects)).toEqual(expected.map((pattern) => expect.stringMatching(pattern)))
  })

  test.each([
    ['repo:o@123/r@456', 'id', 'ok'],
    ['repo:o@123/r@456', 'name', 'odd'],
  ] as const)('that begins with %s is laid beside that of a token with the form %s', (prefix, form, mark) => {
    const real = claimsOf({}, form)
    const [, , line = ''] = marks({ own: { told: { ...github, prefix } }, real })
    expect(line).toMatch(new RegExp(`^${mark} .*begins with "repo:o@123/r@456"`))
  })
})

describe('the ids of the repository', () => {
  const told = { told: { id: '456', ownerId: '123', isOrganisations: true } }

  test.each([
    [
      { repository: 'o/r', repository_id: '456', repository_owner_id: '123' },
      'ok',
      'as the policy pins them',
    ],
    [{ repository: 'o/r', repository_id: '457', repository_owner_id: '123' }, 'wrong', 'the policy pins 457'],
    [{ repository: 'o/r' }, 'odd', 'the policy pins neither'],
  ] as const)('%j: %s', (when, mark, text) => {
    expect(idsLine('o/r', [grantOf(when)], told)).toMatchObject({ mark, text: expect.stringContaining(text) })
  })
})

test('a line is a mark, a word and what is, with facts and remedy below', () => {
  const line: Line = { word: 'grant', mark: 'wrong', text: 'No.', facts: ['one'], remedy: 'Do this:\n  that' }
  expect(printed(line, { colour: false })).toEqual([
    '✗ grant     No.',
    '            one',
    '            → Do this:',
    '              that',
  ])
  expect(printed({ word: 'dbt', mark: 'ok', text: 'x' }, { colour: true })).toEqual([
    '\u001b[32m✓\u001b[0m dbt       x',
  ])
})
