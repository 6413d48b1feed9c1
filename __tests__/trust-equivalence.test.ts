import { describe, expect, test } from '@jest/globals'
import type { Outcome } from './support/equivalence/judge.ts'
import { tried } from './support/equivalence/outcomes.ts'
import { PLATFORMS, type Platform } from './support/equivalence/platforms.ts'
import { configured, openClaims, stand, type Paste } from './support/equivalence/stand.ts'
import type { WrittenWhen } from './support/equivalence/policies.ts'
import { runs, seed } from './support/runs.ts'

/** Tokens for each platform: `PROPERTY_RUNS=10000` is the long form. */
const TOKENS = runs(1000)
const SEED = seed(20261124)
const DEADLINE = 60_000 + 60 * TOKENS

function named(name: string): Platform {
  const platform = PLATFORMS.find((one) => one.name === name)
  if (!platform) throw new Error(`there is no ${name}`)
  return platform
}

function shareOf(outcomes: readonly Outcome[], keep: (one: Outcome) => boolean): number {
  return outcomes.filter(keep).length / outcomes.length
}

function pasted(from: RegExp, to: string): Paste {
  return (documents) => documents.map((one) => ({ ...one, text: one.text.replaceAll(from, to) }))
}

describe('to our written model of its matching, the trust is what the policy grants', () => {
  test.each(PLATFORMS)(
    '$name',
    async (platform) => {
      const outcomes = await tried(platform, TOKENS, SEED)
      expect(outcomes.length).toBeGreaterThanOrEqual(TOKENS)
      expect(shareOf(outcomes, ({ granted }) => granted)).toBeGreaterThanOrEqual(0.3)
      expect(shareOf(outcomes, ({ granted }) => !granted)).toBeGreaterThanOrEqual(0.3)
      expect(shareOf(outcomes, ({ accepted }) => accepted)).toBeGreaterThanOrEqual(0.3)
      expect(shareOf(outcomes, ({ accepted }) => !accepted)).toBeGreaterThanOrEqual(0.3)
    },
    DEADLINE,
  )
})

describe('a trust that is not what the policy grants is found out', () => {
  test.each<[string, string, Paste, RegExp]>([
    ['another subject', 'Snowflake', pasted(/(SUBJECT = '.*)'/g, "$1x'"), /narrower/],
    [
      'a claim that is kept from the reader',
      'Snowflake',
      pasted(/\bevent_name\b/g, 'nothing'),
      /wider: .*event_name/,
    ],
    [
      'an exception that is kept from the reader',
      'Databricks',
      pasted(/^# Refused there.*$/gm, '#'),
      /narrower/,
    ],
    ['a star in place of the subject', 'AWS', pasted(/"repo:[^"]*"/g, '"repo:*"'), /wider/],
    ['a condition without its end', 'Google', pasted(/\$"\)/g, '")'), /wider/],
    [
      'a star in place of the subject, before a key signs',
      'Okta, by a key of AWS',
      pasted(/"repo:[^"]*"/g, '"repo:*"'),
      /wider/,
    ],
    [
      'a role that may sign with another key',
      'Okta, by a key of AWS',
      pasted(/"Resource": "(.*)"/g, '"Resource": "$1x"'),
      /narrower/,
    ],
    [
      'a user of another name',
      'IAM Identity Center',
      pasted(/--user-name '?([^' ]*)'?/g, "--user-name '$1x'"),
      /narrower/,
    ],
    [
      'a claim that nobody compares',
      'IAM Identity Center',
      pasted(/"(token[^"]*):(?:job_workflow_)?ref": "[^"]*"/g, '"$1:aud": "sts.amazonaws.com"'),
      /wider: .*ref/,
    ],
    [
      'a claim that is not bound',
      'Vault',
      pasted(/^ {4}"repository_id": .*\n/gm, ''),
      /wider: .*repository_id/,
    ],
  ])(
    '%s',
    async (_name, name, paste, message) => {
      const [platform] = PLATFORMS.filter((one) => one.name === name)
      if (!platform) throw new Error(`there is no ${name}`)
      await expect(tried(platform, 1000, 20261124, paste)).rejects.toThrow(message)
    },
    60_000,
  )
})

describe('claims that are left to the action', () => {
  const PINS = { 'repository-id': 456, 'repository-owner-id': 123 }
  const WORKFLOW = 'o/ci/.github/workflows/dbt.yml@refs/heads/main'
  const POLICIES: Readonly<Record<string, readonly [WrittenWhen, Readonly<Record<string, number>>]>> = {
    ref: [{ ref: ['refs/heads/main'] }, PINS],
    environment: [{ environment: ['production'] }, PINS],
    both: [{ environment: ['production'], ref: ['refs/heads/main'] }, PINS],
    lists: [{ environment: ['production', 'staging'], ref: ['refs/heads/main', 'refs/heads/dev'] }, PINS],
    'pull request': [{ event_name: ['pull_request'] }, PINS],
    workflow: [{ environment: ['production'], job_workflow_ref: [WORKFLOW] }, PINS],
    globs: [{ ref: ['refs/heads/release/*'], environment: ['prod*'] }, PINS],
    'no ids': [{ environment: ['production'] }, {}],
  }

  async function counted(platform: Platform): Promise<readonly (number | string)[]> {
    const counts = Object.values(POLICIES).map(async ([when, pins]) => {
      const config = await configured(platform, { pins, grants: [{ target: 'prod', when }] })
      const target = config.targets.get('prod')
      const at = target && (await stand(platform, config, target))
      return at ? openClaims(at).length : NONE
    })
    return Promise.all(counts)
  }

  const NONE = 'refused'

  // In the order of the policies: the fewer, the more a platform holds by itself.
  const COUNTS: readonly (readonly [string, readonly (number | string)[]])[] = [
    ['Snowflake', [3, 3, 4, 4, 2, 4, NONE, 1]],
    ['Google', [0, 0, 0, 0, 0, 0, 0, NONE]],
    ['AWS', [2, 2, 2, 2, 1, 2, 4, 1]],
    ['AWS, for an enterprise server', [3, 3, 4, 4, 2, 4, 5, 1]],
    ['Microsoft Entra ID', [3, 3, 4, 4, 2, 4, NONE, 1]],
    ['Databricks', [3, 3, 4, 4, 2, 4, NONE, 1]],
    ['Trino', [3, 3, 4, 4, 2, 4, 5, 1]],
    ['Vault', [1, 1, 1, 1, 0, 1, 3, 1]],
    ['an authorization server', [3, 3, 4, 4, 2, 4, NONE, 1]],
    ['Keycloak, client assertion', [3, 3, 4, NONE, 2, 4, NONE, 1]],
    ['Keycloak, authorization grant', [3, 3, 4, NONE, 2, 4, NONE, 1]],
    ['Okta, by a key of AWS', [2, 2, 2, 2, 1, 2, 4, 1]],
    ['IAM Identity Center', [2, 2, 2, 2, 1, 2, NONE, 1]],
    ['IAM Identity Center, by Redshift', [3, 3, 4, 4, 2, 4, NONE, 1]],
  ]

  test.each(COUNTS)('are as many as a person has looked at: %s', async (name, counts) => {
    expect(await counted(named(name))).toEqual(counts)
  })

  test('are counted on every platform', () => {
    expect(COUNTS.map(([name]) => name)).toEqual(PLATFORMS.map(({ name }) => name))
  })
})
