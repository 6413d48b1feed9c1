import { describe, expect, test } from '@jest/globals'
import type { SubjectForm } from '../src/trust/rules.ts'
import { trustDocuments } from '../src/trust/request.ts'
import { commandLine } from './support/command-line.ts'
import { configOf } from './support/config-of.ts'
import { exportsOf } from './support/trust-exports.ts'

const POLICY = `
repository: acme/dbt
repository-id: 7654321
repository-owner-id: 1234567
targets:
  prod:
    connection: { type: snowflake, account: acme-prod, role: T, database: PROD, schema: DBT }
    audience: { use: "https://new.example", also: "https://old.example" }
  lake:
    connection: { type: postgres, host: db.c1.eu-west-1.rds.amazonaws.com, user: dbt, dbname: d, schema: s, port: 5432 }
    identity: { via: aws, role: "arn:aws:iam::123456789012:role/dbt" }
  local:
    connection: { type: duckdb }
grants:
  - { target: prod, when: { environment: production } }
  - { target: lake, when: { environment: production, ref: refs/heads/main } }
  - { target: local, when: { ref: refs/heads/main } }
`
const policy = { '.github/dbt-oidc.yml': POLICY }

/** What the platform of a target prints once its documents have been run. */
async function shown(name: string, form?: SubjectForm): Promise<string> {
  const config = await configOf({ policy: POLICY, repository: 'acme/dbt' })
  const target = config.targets.get(name)
  if (!target) throw new Error(`there is no target ${name}`)
  const [first] = exportsOf(await trustDocuments(config, target, form))
  return JSON.stringify(first)
}

const drift = async (target: string, input: string, ...more: readonly string[]) =>
  commandLine(['drift', '--target', target, ...more, '-'], { files: policy, input })

describe('dbt-oidc drift with a document', () => {
  test.each(['prod', 'lake'])('finds no difference where the documents of %s stand', async (name) => {
    const ended = await drift(name, await shown(name))
    expect(ended).toEqual({ code: 0, stdout: `${name}: stands as the policy has it.\n`, stderr: '' })
  })

  test('knows both audiences of a rotation: one that is missing there keeps runs out', async () => {
    const text = await shown('prod')
    const before = text.replaceAll(String.raw`\"https://new.example\",`, '')
    expect(before).not.toBe(text)
    const ended = await drift('prod', before, '--json')
    expect(ended.code).toBe(1)
    expect(JSON.parse(ended.stdout)).toMatchObject([
      {
        target: 'prod',
        differences: [
          {
            field: 'audience',
            policy: ['https://new.example', 'https://old.example'],
            there: ['https://old.example'],
            verdict: 'narrower',
            severity: 'warning',
          },
        ],
      },
    ])
  })

  test('shows field by field what differs, and ends with 1', async () => {
    const text = (await shown('lake')).replaceAll('"repo:acme/dbt:environment:production",', '"repo:acme/*",')
    const ended = await drift('lake', text.replaceAll('sts.amazonaws.com', 'sts.amazonaws.com.cn'))
    expect(ended.code).toBe(1)
    expect(ended.stdout).toMatchInlineSnapshot(`
     "lake: 2 differences (2 that may let in others) from what the policy would write.

     AWS role arn:aws:iam::123456789012:role/dbt
                field     policy                                                there                                                      way
     different  audience  sts.amazonaws.com                                     sts.amazonaws.com.cn                                       Statement[0]
     wider      sub       repo:acme/dbt:environment:production                  like repo:acme/*                                           Statement[0]
                          repo:acme@1234567/dbt@7654321:environment:production  like repo:acme@1234567/dbt@7654321:environment:production

     \`dbt-oidc trust --target lake\` prints what the policy would write.
     "
    `)
  })

  test('looks for its own role among all of the account’s', async () => {
    const { Role: mine } = JSON.parse(await shown('lake')) as { Role: Record<string, unknown> }
    const other = { ...mine, Arn: 'arn:aws:iam::123456789012:role/somebody' }
    expect(await drift('lake', JSON.stringify({ Roles: [other, mine] }))).toMatchObject({
      code: 0,
      stdout: 'lake: stands as the policy has it.\n',
    })
    const without = await drift('lake', JSON.stringify({ Roles: [other] }))
    expect(without.code).toBe(1)
    expect(without.stdout).toContain(
      'Not shown, and so not compared: AWS role arn:aws:iam::123456789012:role/dbt',
    )
  })

  test('compares with one form of the subject where that is asked for', async () => {
    const byId = await shown('prod', 'id')
    expect((await drift('prod', byId)).code).toBe(1)
    expect((await drift('prod', byId, '--form', 'id')).code).toBe(0)
    expect((await drift('prod', '[]', '--form', 'ids')).stderr).toContain(
      '--form ids is none of name, id, both.',
    )
  })

  test('says of a document of another platform that it is not what was asked for', async () => {
    const ended = await drift('prod', await shown('lake'))
    expect(ended.code).toBe(1)
    expect(ended.stdout).toContain('Not shown, and so not compared: Snowflake service user')
  })

  test.each<readonly [string, readonly string[], string]>([
    ['a document without a target', ['-'], 'A document does not say for which target it is'],
    [
      'a target that trusts nobody',
      ['--target', 'local', '-'],
      'The target local has no grant or no exchange',
    ],
    ['a target that is not there', ['--target', 'prdo', '-'], 'did you mean prod?'],
    ['a document that is none', ['--target', 'prod', '-'], 'standard input is of no format'],
  ])('refuses %s', async (what, args, expected) => {
    const ended = await commandLine(['drift', ...args], { files: policy, input: '{"a": 1}' })
    expect([ended.code, ended.stdout]).toEqual([what.includes('not there') ? 2 : 3, ''])
    expect(ended.stderr).toContain(expected)
  })
})
