import { describe, expect, test } from '@jest/globals'
import { matches } from '../src/pattern.ts'
import type { Grant } from '../src/policy.ts'
import { notHeld, trustRules } from '../src/trust/rules.ts'
import snowflake from '../src/warehouses/snowflake.ts'
import { startIssuer } from './support/issuer.ts'
import { identifyBy } from './support/snowflake/identity.ts'
import { usersOf } from './support/snowflake/trust.ts'

const IDS = { repository: ['acme/dbt'], repository_id: ['7654321'], repository_owner_id: ['1234567'] }

function grant(when: Record<string, string[]>, name = 'nightly'): Grant {
  return { name, target: 'prod', when: new Map(Object.entries(when)), place: 'policy' }
}

describe('the subjects of a grant', () => {
  test.each([
    [
      'an environment goes before the ref',
      { environment: ['prod'], ref: ['refs/heads/main'] },
      'environment:prod',
    ],
    ['a pull request has one context', { event_name: ['pull_request'] }, 'pull_request'],
    ['a ref stands as it is', { ref: ['refs/tags/v1'] }, 'ref:refs/tags/v1'],
    ['a colon is encoded', { environment: ['eu:prod'] }, 'environment:eu%3Aprod'],
  ])('%s', (_name, when, context) => {
    const [rule] = trustRules([grant({ ...IDS, ...when })], 'prod')
    expect(rule?.subjects).toEqual([`repo:acme/dbt:${context}`, `repo:acme@1234567/dbt@7654321:${context}`])
    expect(rule?.exact).toBe(true)
  })

  test('have the name form alone where no ids are pinned', () => {
    const [rule] = trustRules([grant({ repository: ['acme/dbt'], environment: ['prod'] })], 'prod')
    expect(rule?.subjects).toEqual(['repo:acme/dbt:environment:prod'])
  })

  test('are those that the policy writes as `sub`, which hold what they name', () => {
    const [rule] = trustRules([grant({ ...IDS, sub: ['repo:acme/dbt:custom'] })], 'prod')
    expect([rule?.subjects, rule?.heldBySubject]).toEqual([['repo:acme/dbt:custom'], ['sub', 'repository']])
  })

  test('are not exact where a glob or nothing at all says which', () => {
    const rules = trustRules(
      [grant({ ...IDS, ref: ['refs/heads/**'] }), grant({ ...IDS, actor: ['mona'] })],
      'prod',
    )
    expect(rules.map(({ exact }) => exact)).toEqual([false, false])
  })
})

const held = (when: Record<string, string[]>): readonly string[] => {
  const rules = trustRules([grant({ ...IDS, ...when })], 'prod')
  return notHeld(rules, (rule) => rule.heldBySubject)
}

describe('an environment', () => {
  test.each([['prod'], ['Production 1']])('is held by the subject: %s', (environment) => {
    expect(held({ environment: [environment] })).not.toContain('environment')
  })

  // GitHub writes `eu%3A1` for both of the first two, and a star fits that.
  test.each([['eu:1'], ['eu%3A1'], ['eu*']])('has its subject in common with another: %s', (environment) => {
    expect(held({ environment: [environment] })).toContain('environment')
  })
})

test('a ref is not held by the subject of a pull request, which does not tell it', () => {
  const ref = ['refs/heads/main']
  expect(held({ ref, event_name: ['push'] })).not.toContain('ref')
  expect(held({ ref, event_name: ['push', 'pull_request'] })).toContain('ref')
})

describe('the events that a grant has to name', () => {
  test.each<[string, Record<string, string[]>]>([
    ['a ref', { ref: ['refs/heads/main'] }],
    ['an environment', { environment: ['production'] }],
    ['a subject', { sub: ['repo:acme/dbt:x'] }],
  ])('are held by no subject of %s: pull_request_target has the same one', (_name, when) => {
    expect(held(when)).toContain('event_name')
  })

  test('are held by the subject of a pull request', () => {
    expect(held({ event_name: ['pull_request'] })).not.toContain('event_name')
  })

  test('are not let in by a grant without ref and environment', () => {
    const [rule] = trustRules([grant({ ...IDS, actor: ['mona'] })], 'prod')
    const fits = (sub: string): boolean => rule?.subjects.some((one) => matches(one, sub)) ?? false
    expect(fits('repo:acme/dbt:ref:refs/heads/main')).toBe(true)
    expect(fits('repo:acme/dbt:environment:prod')).toBe(true)
    expect(fits('repo:acme/dbt:pull_request')).toBe(false)
  })
})

describe('the trust of Snowflake', () => {
  const connection = {
    account: 'acme-prod',
    role: 'TRANSFORMER',
    warehouse: 'XS',
    database: 'PROD',
    schema: 'DBT',
  }
  const written = async (grants: readonly Grant[], issuer: string): Promise<string> => {
    const request = {
      target: 'prod',
      via: 'direct',
      issuer,
      audience: 'https://acme-prod.snowflakecomputing.com',
      audiences: ['https://acme-prod.snowflakecomputing.com'],
      rules: trustRules(grants, 'prod'),
      identity: '',
    }
    return (await snowflake.bind(connection).trust(request)).map(({ text }) => text).join('\n')
  }

  test('read back, lets both forms of the granted subject in and nobody else', async () => {
    const issuer = await startIssuer()
    try {
      const users = usersOf(await written([grant({ ...IDS, environment: ['production'] })], issuer.issuer))
      const identify = identifyBy(users)
      const audience = 'https://acme-prod.snowflakecomputing.com'
      const flawOf = async (sub: string, aud = audience): Promise<string> => {
        const identity = await identify(issuer.mint(aud, { sub }))
        return 'flaw' in identity ? identity.flaw : identity.user.user
      }
      expect(await flawOf('repo:acme/dbt:environment:production')).toMatch(/^GH_ACME_DBT_PROD_[0-9A-F]{12}$/)
      expect(await flawOf('repo:acme@1234567/dbt@7654321:environment:production')).toMatch(
        /^GH_ACME_DBT_PROD_[0-9A-F]{12}$/,
      )
      expect(await flawOf('repo:acme@1234567/dbt@9:environment:production')).toBe('subject')
      expect(await flawOf('repo:acme/dbt:ref:refs/heads/main')).toBe('subject')
      expect(await flawOf('repo:acme/dbt:environment:production', 'snowflakecomputing.com')).toBe('audience')
    } finally {
      await issuer.close()
    }
  })

  test('says which conditions it does not hold', async () => {
    const [document] = await snowflake.bind(connection).trust({
      target: 'prod',
      via: 'direct',
      issuer: 'https://token.actions.githubusercontent.com',
      audience: 'a',
      audiences: ['a'],
      rules: trustRules([grant({ ...IDS, environment: ['production'], ref: ['refs/heads/main'] })], 'prod'),
      identity: '',
    })
    expect(document?.heldThere).toEqual(['repository', 'environment'])
    expect(document?.checkedHere).toEqual(['repository_id', 'repository_owner_id', 'ref', 'event_name'])
    expect(document?.text).toContain(
      '-- Checked by the action only, and not by this statement: repository_id',
    )
  })

  test('is refused for a grant that fits many subjects, with what to write instead', async () => {
    await expect(written([grant({ ...IDS, ref: ['refs/heads/release/*'] })], 'https://i')).rejects.toThrow(
      /Snowflake compares the subject as a whole/,
    )
  })
})
