import { describe, expect, test } from '@jest/globals'
import { trustDocuments } from '../src/trust/request.ts'
import type { TrustDocument } from '../src/trust.ts'
import { configOf } from './support/config-of.ts'

const ROLE = '{ via: aws, role: "arn:aws:iam::123456789012:role/dbt" }'
const TARGETS: Readonly<Record<string, string>> = {
  snowflake: '{ connection: { type: snowflake, account: acme-prod, role: T, database: PROD, schema: DBT } }',
  trino: '{ connection: { type: trino, host: trino.acme.example, database: lake, schema: s } }',
  aws: `{ connection: { type: postgres, host: db.c1.eu-west-1.rds.amazonaws.com, user: u, dbname: d, schema: s, port: 5432 }, identity: ${ROLE} }`,
}

async function documentFor(target: string, grants: readonly string[]): Promise<TrustDocument> {
  const listed = grants.map((when, at) => `  - { name: g${at}, target: prod, when: { ${when} } }\n`).join('')
  const policy = `repository: o/r\nrepository-id: 456\nrepository-owner-id: 123\ntargets:\n  prod: ${TARGETS[target] ?? ''}\ngrants:\n${listed}`
  const config = await configOf({ policy })
  const all = (
    await Promise.all([...config.targets.values()].map((one) => trustDocuments(config, one)))
  ).flat()
  const found = all.find(({ heldThere }) => heldThere.length > 0)
  if (!found) throw new Error('nothing is held')
  return found
}

describe('a document for grants that differ in what is held', () => {
  const GRANTS = ['environment: production', 'ref: refs/heads/main', 'environment: eu, ref: refs/heads/main']

  test.each(['snowflake', 'trino'])('says it grant by grant: %s', async (target) => {
    const { text, heldThere, checkedHere } = await documentFor(target, GRANTS)
    // The third grant leaves the ref to the action, whatever the second does.
    expect(heldThere).toEqual(['repository', 'environment'])
    expect(checkedHere).toEqual(['repository_id', 'repository_owner_id', 'event_name', 'ref'])
    expect(text).toContain(
      'Of the grant g1: held there ref, repository; checked by the action only event_name, repository_id, repository_owner_id.',
    )
    expect(text).toContain(
      'Of the grant g2: held there environment, repository; checked by the action only event_name, ref, repository_id, repository_owner_id.',
    )
  })

  test('needs no such lines where they do not', async () => {
    const { text } = await documentFor('snowflake', ['environment: production', 'environment: eu'])
    expect(text).not.toContain('Of the grant')
  })
})

describe('the trust of a role', () => {
  test('says which pattern IAM holds in part only', async () => {
    const { text, heldThere, checkedHere } = await documentFor('aws', [
      'environment: prod-*, ref: refs/heads/**',
    ])
    expect([heldThere.includes('environment'), checkedHere.includes('environment')]).toEqual([false, true])
    expect(text).toContain(
      "# Held there in part, of the grant g0: environment prod-*. IAM's * also stands for / and :",
    )
  })

  test('says nothing of it where its star is ours', async () => {
    const { text } = await documentFor('aws', ['ref: refs/heads/**'])
    expect(text).not.toContain('in part')
  })
})
