import { describe, expect, test } from '@jest/globals'
import { CLAIM_NAMES, checkClaimName } from '../src/claim-names.ts'
import { nearest } from '../src/nearest.ts'
import { checkWhen, mayBothHold, overlaps, restriction } from '../src/policy/lint.ts'
import { grantOf, whenOf, type Written } from './support/claims-of.ts'

const texts = (when: Written, severity: 'problem' | 'warning'): readonly string[] =>
  checkWhen(whenOf(when))
    .filter((finding) => finding.severity === severity)
    .map(({ text }) => text)

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

  test.each(['iss', 'aud', 'jti', 'iat', 'exp', 'nbf'])('refuses %s with its own reason', (name) => {
    expect(checkClaimName(name)).toMatch(/set `|differs in every token/)
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

  test.each<readonly [Written, string]>([
    [{}, 'names no claim'],
    [{ ...fine, ref: [] }, 'empty list'],
    [{ ...fine, ref: 'main' }, 'did you mean "refs/heads/main"'],
    [{ ...fine, ref: '*' }, '"**" says any ref'],
    [{ ...fine, ref: 'refs/heads/***' }, 'Three or more stars'],
    [{ ...fine, environment: ' foo' }, 'starts or ends with a space'],
    [{ ...fine, environment: '' }, 'empty pattern'],
    [{ ...fine, enviroment: 'prod' }, 'did you mean `environment`'],
    [{ ...fine, repository_owner: 'invalid_characters@' }, 'is not'],
    [{ ...fine, repository: '$x' }, 'OWNER/NAME'],
    [{ ...fine, repository: 'r' }, 'OWNER/NAME'],
    [{ ...fine, repository_owner: 'o'.repeat(256) }, 'more than 255 characters'],
    [{ ...fine, workflow_ref: '/slash.yml' }, 'FILE@REF'],
    [{ ...fine, workflow_ref: 'release.yml' }, 'FILE@REF'],
    [{ ...fine, repository_id: 'o/r' }, 'a number'],
    [{ ...fine, ref_type: 'branches' }, 'one of branch, tag'],
    [{ ...fine, ref_protected: 'yes' }, 'one of true, false'],
    [{ ...fine, event_name: 'Push' }, 'the name of an event'],
    [{ ...fine, sub: 'repo:o/r:**' }, 'pull requests included'],
    [{ ...fine, sub: 'repo:o*/r:ref:refs/heads/main' }, 'leaves open which repository'],
    [{ ...fine, sub: 'repo:*' }, 'leaves open which repository'],
    [{ ...fine, sub: '**' }, 'says nothing'],
    [{ ...fine, repository: '**' }, 'whose repository'],
    [{ ...fine, repository: '*/r' }, 'whose repository'],
    [{ repository: '**', repository_owner: '*', environment: '**' }, 'Every condition'],
  ])('refuses %j', (when, reason) => {
    expect(texts(when, 'problem').join('\n')).toContain(reason)
  })

  test.each<readonly [Written, string]>([
    [{ ...fine, ref: '**' }, 'every branch and tag'],
    [{ ...fine, ref: 'refs/**' }, 'every branch and tag'],
    [{ ...fine, environment: '*' }, 'admits any value'],
    [{ ...fine, event_name: 'pull_*' }, 'a pattern never names'],
    [{ ...fine, repository: 'o/*' }, 'more than one repository'],
  ])('accepts %j with a warning', (when, reason) => {
    expect(texts(when, 'problem')).toEqual([])
    expect(texts(when, 'warning').join('\n')).toContain(reason)
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
