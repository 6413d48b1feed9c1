import { describe, expect, test } from '@jest/globals'
import { DbtOidcError } from '../src/errors.ts'
import { refuseOpen } from '../src/trust/strict.ts'
import { trustRules } from '../src/trust/rules.ts'
import { grantOf, type Written } from './support/claims-of.ts'
import { GRANT, wayNamed } from './support/trust/ways.ts'

/** What a strict trust of a way says of these grants; undefined where it finds nothing. */
async function refusal(way: string, grants: readonly Written[], target = 'prod', named?: string) {
  const documents = await wayNamed(way).documents('commands', { target, grants })
  const rules = trustRules(
    grants.map((written) => grantOf(written, target)),
    target,
  )
  try {
    refuseOpen([{ target, rules, documents }], named)
    return undefined
  } catch (error) {
    if (error instanceof DbtOidcError) return error
    throw error
  }
}

const CUSTOM: Written = {
  repository: 'acme/dbt',
  environment: 'production',
  event_name: ['push', 'schedule'],
  ref: 'refs/heads/main',
  sub: [
    'repo:acme/dbt:environment:production:event_name:push:ref:refs/heads/main',
    'repo:acme/dbt:environment:production:event_name:schedule:ref:refs/heads/main',
  ],
}

describe('a strict trust', () => {
  test('is refused where Snowflake sees a subject that holds less than the grant', async () => {
    const found = await refusal('snowflake-direct', [GRANT])
    expect(found?.code).toBe('configuration')
    expect(found?.details[0]).toBe(
      'prod: event_name, ref, repository_id, repository_owner_id, runner_environment',
    )
  })

  test('names the subject that would hold the rest', async () => {
    const { repository, environment, ref, event_name: event } = GRANT
    const found = await refusal('snowflake-direct', [{ repository, environment, ref, event_name: event }])
    expect(found?.details).toEqual([
      'prod: event_name, ref',
      `  for prod: echo '{"use_default":false,"include_claim_keys":["repo","context","event_name","ref"]}' | gh api --method PUT repos/acme/dbt/actions/oidc/customization/sub --input -`,
      '  and beside its conditions: sub: "repo:acme/dbt:environment:production:event_name:push:ref:refs/heads/main"',
      '  or let the environment on GitHub allow deployments from that branch alone, which doctor then checks.',
    ])
  })

  test('holds with that subject', async () => {
    expect(await refusal('snowflake-direct', [CUSTOM])).toBeUndefined()
  })

  test.each<[string, Written]>([
    ['another value in one subject', { ...CUSTOM, ref: 'refs/heads/dev' }],
    ['a subject that lacks the claim', { ...CUSTOM, sub: ['repo:acme/dbt:environment:production'] }],
    [
      'a name that is put into a value',
      { ...CUSTOM, sub: ['repo:acme/dbt:environment:x%3Aref%3Arefs/heads/main'] },
    ],
    [
      'what follows a word without a value',
      { ...CUSTOM, sub: ['repo:acme/dbt:pull_request:ref:refs/heads/main'] },
    ],
  ])('is refused with %s', async (_name, grant) => {
    expect((await refusal('snowflake-direct', [grant]))?.details[0]).toMatch(/^prod: .*\bref\b/)
  })

  test('wants the event named where its subject is that of anybody’s events', async () => {
    const { event_name: _event, ...silent } = CUSTOM
    const sub = (event: string): Written => ({
      ...silent,
      sub: `repo:acme/dbt:environment:production:event_name:${event}:ref:refs/heads/main`,
    })
    expect(await refusal('snowflake-direct', [sub('push')])).toBeUndefined()
    expect((await refusal('snowflake-direct', [sub('pull_request_target')]))?.details[0]).toBe(
      'prod: event_name',
    )
  })

  test('holds where Google sees all claims', async () => {
    expect(await refusal('bigquery-google', [GRANT])).toBeUndefined()
  })

  test('judges what leads to production, or the target that is named', async () => {
    const open = { repository: 'acme/dbt', ref: 'refs/heads/dev' }
    expect(await refusal('snowflake-direct', [open], 'ci')).toBeUndefined()
    expect((await refusal('snowflake-direct', [open], 'ci', 'ci'))?.details[0]).toBe('ci: event_name')
    const [first] =
      (await refusal('snowflake-direct', [{ ...open, environment: 'Production EU' }], 'eu'))?.details ?? []
    expect(first).toBe('eu: event_name, ref')
  })
})
