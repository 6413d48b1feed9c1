import { describe, expect, test } from '@jest/globals'
import { problemsOf } from './support/config-of.ts'

// What follows of a mistake is none of its own: whoever has mended the one must not look for the others.

const TABS = 'Tabs are not allowed as indentation: use spaces.'
const MAIN = { ref: 'refs/heads/main' }
const DUCK = { connection: '{ type: duckdb, path: x }' }
const BIGQUERY = { connection: '{ type: bigquery, project: acme-prod, dataset: d }' }

const policy = (replaced: string, by: string): string =>
  `repository: acme/dbt
repository-id: 7654321
repository-owner-id: 1234567
targets:
  prod: { connection: { type: duckdb, path: x } }
grants:
  - { target: prod, when: { ref: refs/heads/main } }
  - { target: prod, when: { environment: production } }
`.replaceAll(replaced, by)

describe('one mistake in the inputs is one message:', () => {
  test.each<[string, Record<string, string>, string]>([
    [
      'a connection that is indented by tabs',
      { ...MAIN, connection: '\ttype: duckdb\n\tpath: x\n\tschema: s' },
      `input "connection":1:1: ${TABS}`,
    ],
    [
      'a tab behind which nothing is what it was meant to be',
      { ...MAIN, connection: 'type: duckdb\n extra:\n\t- a\n\t- b' },
      `input "connection":3:1: ${TABS}`,
    ],
    [
      'claims that are indented by tabs, of which nobody knows whether they restrict',
      { ...DUCK, claims: 'actor: a\n\tevent_name: push' },
      `input "claims":2:1: ${TABS}`,
    ],
    [
      'claims that are a list',
      { ...DUCK, claims: '- push' },
      'input "claims":1:1: Write a map of claims to patterns, e.g. `{ ref: refs/heads/main }`.',
    ],
    [
      'an identity that cannot be read, of which nobody knows what it lacks',
      { ...MAIN, ...BIGQUERY, identity: '\tprovider: p' },
      `input "identity":1:1: ${TABS}`,
    ],
    [
      'an identity that is no map',
      { ...MAIN, ...BIGQUERY, identity: '- a' },
      'input "identity": Write a YAML map of keys to values.',
    ],
    [
      'a restriction whose input is misspelt',
      { ...DUCK, environmnt: 'production' },
      'input "environmnt": This action has no such input; did you mean `environment`?',
    ],
    [
      'a restriction by another word',
      { ...DUCK, branch: 'main' },
      'input "branch": This action has no such input; did you mean `ref: refs/heads/main`?',
    ],
    [
      'a restriction that `claims` takes',
      { ...DUCK, event: 'push' },
      'input "event": This action has no such input; did you mean `claims: "{ event_name: … }"`?',
    ],
    [
      'a connection whose input is misspelt',
      { ...MAIN, conection: DUCK.connection },
      'input "conection": This action has no such input; did you mean `connection`?',
    ],
  ])('%s', async (_name, inputs, said) => {
    expect(await problemsOf({ inputs })).toEqual([said])
  })

  test('another input that does not exist hides nothing that is missing', async () => {
    expect(await problemsOf({ inputs: { zzzzzz: 'x' } })).toEqual([
      expect.stringMatching(/^input "zzzzzz"/),
      expect.stringMatching(/^inputs: Nothing restricts/),
      expect.stringMatching(/^inputs: There is nothing to connect to/),
    ])
  })
})

describe('one mistake in the policy is one message:', () => {
  test.each([
    [
      'an owner by name',
      '1234567',
      'acme',
      ':3:22: `repository-owner-id` does not look right: write the number',
    ],
    ['an owner below zero', '1234567', '-5', ':3:22: `repository-owner-id` does not look right: write the'],
    ['no owner', ' 1234567', '', ':3:21: `repository-owner-id` does not look right: write the number'],
    ['a list of owners', '1234567', '[1]', ':3:22: `repository-owner-id` must be a number.'],
    ['a pattern of owners', '1234567', '12*', ':3:22: `repository-owner-id` does not look right: write the'],
    [
      'a repository without owner',
      'acme/dbt',
      'dbt',
      ':1:13: `repository` does not look right: write OWNER/',
    ],
    [
      'an owner that a grant has otherwise',
      '{ ref',
      '{ repository_owner_id: acme, ref',
      ':7:29: `repository_owner_id` contradicts the `repository-owner-id: 1234567` at the top',
    ],
    [
      'targets that are misspelt',
      'targets:',
      'target:',
      ':4:1: `targets` is missing, but there is `target`:',
    ],
    ['grants that are misspelt', 'grants:', 'grant:', ':6:1: `grants` is missing, but there is `grant`:'],
    [
      'a connection that is misspelt',
      'connection:',
      'conection:',
      ':5:11: `targets.prod.connection` is missing, but there is `conection`: did you mean `connection`?',
    ],
    ['tabs', '  - ', '\t- ', `:7:1: ${TABS}`],
  ])('%s', async (_name, replaced, by, said) => {
    expect(await problemsOf({ policy: policy(replaced, by) })).toEqual([
      expect.stringContaining(`.github/dbt-oidc.yml${said}`),
    ])
  })

  test('the same mistake in two places is two', async () => {
    expect(await problemsOf({ policy: policy('target: prod', 'target: prd') })).toEqual([
      '.github/dbt-oidc.yml:7:15: There is no target `prd`; did you mean `prod`?',
      '.github/dbt-oidc.yml:8:15: There is no target `prd`; did you mean `prod`?',
    ])
  })
})
