import { describe, expect, test } from '@jest/globals'
import type { TrustDocument } from '../../src/trust.ts'
import { commandsOf, optionsOf } from '../support/aws/shell.ts'
import { CASES, type Case } from '../support/trust/cases.ts'
import { dialectOf, judged, statementsOf, terraformOf, type HclBlock } from '../support/trust/judges.ts'
import { wayNamed } from '../support/trust/ways.ts'

interface Written extends Case {
  readonly document: TrustDocument
}

const EACH = CASES.map(async (one) =>
  (await wayNamed(one.name).documents(one.format, one.asked)).map((document) => ({ ...one, document })),
)
const ALL: readonly Written[] = (await Promise.all(EACH)).flat()

const of = (language: TrustDocument['language']): readonly Written[] =>
  ALL.filter(({ document }) => document.language === language)

const told = ({ title, format, document }: Written): string => `${title}, ${format}: ${document.title}`

/** What a statement of a trust begins with. */
const VERBS = ['CREATE', 'ALTER', 'GRANT', 'SELECT', 'IF']

describe('what trust writes, as parsers of others read it', () => {
  test('is Terraform, formatted as terraform fmt does', () => {
    const documents = of('hcl')
    expect(documents.length).toBeGreaterThan(40)
    const read = terraformOf(documents.map(({ document }) => document.text))
    const odd = documents.filter((_one, at) => !read[at]?.formatted || read[at].blocks.length === 0)
    expect(odd.map(told)).toEqual([])
  })

  test('is SQL in the dialect of its warehouse, statement by statement', () => {
    const documents = of('sql')
    expect(documents.length).toBeGreaterThan(10)
    const read = statementsOf(
      documents.map(({ name, document }) => ({ dialect: dialectOf(name), text: document.text })),
    )
    for (const [at, statements] of read.entries()) {
      const one = documents[at]
      const verbs = statements.map(([first]) => first?.[1].toUpperCase())
      expect([one && told(one), verbs.filter((verb) => !VERBS.includes(verb ?? ''))]).toEqual([
        one && told(one),
        [],
      ])
      // Each of ours ends a line, and nothing within one ends it early.
      expect([one && told(one), statements.length]).toEqual([
        one && told(one),
        one?.document.text.match(/^(?!--).*;$/gm)?.length,
      ])
    }
  })

  test('is shell in which shellcheck finds nothing', () => {
    // One document may use what an earlier one has found out.
    const ways = CASES.map(({ title, format }) => ({
      title: `${title}, ${format}`,
      text: of('sh')
        .filter((one) => one.title === title && one.format === format)
        .map(({ document }) => `${document.text}\n`)
        .join(''),
    })).filter(({ text }) => text !== '')
    expect(ways.length).toBeGreaterThan(10)
    const found = judged(ways.map(({ text }) => ({ kind: 'sh', text })))
    expect(ways.map(({ title }, at) => [title, found[at]]).filter(([, all]) => all?.length !== 0)).toEqual([])
  })

  test('is JSON', () => {
    expect(of('json').length).toBeGreaterThan(2)
    for (const { document } of of('json')) expect(() => void JSON.parse(document.text)).not.toThrow()
  })
})

const blocksOf = (documents: readonly Written[]): readonly HclBlock[] =>
  terraformOf(documents.map(({ document }) => document.text)).flatMap(({ blocks }) => blocks)

/** Every reference within a value. */
function refsIn(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(refsIn)
  if (typeof value !== 'object' || value === null) return []
  // A claim of GitHub's has the same name, and never stands alone.
  const alone = Object.keys(value).length === 1
  return alone && 'ref' in value ? [String(value.ref)] : Object.values(value).flatMap(refsIn)
}

// A provider and a type are words of the language.
const refsOf = ({ attributes, blocks }: HclBlock): readonly string[] => [
  ...Object.entries(attributes).flatMap(([key, value]) =>
    key === 'provider' || key === 'type' ? [] : refsIn(value),
  ),
  ...blocks.flatMap(refsOf),
]

const PREFIXES: Readonly<Record<string, string>> = { data: 'data.', variable: 'var.' }

const addressOf = ({ type, labels }: HclBlock): string => `${PREFIXES[type] ?? ''}${labels.join('.')}`

describe('as Terraform', () => {
  test.each(CASES.filter(({ format }) => format === 'terraform'))(
    '$title names each resource once, and means none that is not there',
    ({ title }) => {
      const blocks = blocksOf(of('hcl').filter((one) => one.title === title))
      const addresses = blocks.map(addressOf)
      expect(addresses.filter((one, at) => addresses.indexOf(one) !== at)).toEqual([])
      const lost = blocks
        .flatMap(refsOf)
        .filter((ref) => !addresses.some((address) => ref === address || ref.startsWith(`${address}.`)))
      expect(lost).toEqual([])
    },
  )
})

/** The policies of a text in the shell, as AWS would get them. */
const inShell = ({ document }: Written): readonly unknown[] =>
  commandsOf(document.text).flatMap((words) => {
    const options = optionsOf(words)
    const [policy] = options.get('assume-role-policy-document') ?? options.get('policy-document') ?? []
    return policy === undefined ? [] : [JSON.parse(policy)]
  })

const inTerraform = (blocks: readonly HclBlock[]): readonly unknown[] =>
  blocks.flatMap(({ attributes: { assume_role_policy: trust, policy } }) => {
    const found = trust ?? policy
    return typeof found === 'object' && found !== null && 'json' in found ? [found.json] : []
  })

const AWS = CASES.filter(({ name, format }) => name.endsWith('-aws') && format === 'terraform')

describe('policies of IAM', () => {
  test.each(AWS)('of $title are the same in both formats', ({ title }) => {
    const ours = ALL.filter((one) => one.title === title)
    const terraform = inTerraform(blocksOf(ours.filter(({ document }) => document.language === 'hcl')))
    const shell = ours.filter(({ format, document }) => format === 'commands' && document.language === 'sh')
    expect(terraform.length).toBeGreaterThan(1)
    expect(terraform).toEqual(shell.flatMap(inShell))
  })

  test('that a role has name actions and resources that there are', () => {
    const blocks = blocksOf(of('hcl').filter(({ name }) => name.endsWith('-aws')))
    const policies = inTerraform(blocks.filter(({ labels }) => labels[0] === 'aws_iam_role_policy'))
    expect(policies.length).toBeGreaterThan(3)
    const texts = policies.map((policy) => JSON.stringify(policy))
    const found = judged(texts.map((text) => ({ kind: 'iam', text })))
    expect(texts.map((text, at) => [text, found[at]]).filter(([, all]) => all?.length !== 0)).toEqual([])
    // The judge is awake.
    const [awake] = judged([
      { kind: 'iam', text: (texts[0] ?? '').replace(/"Action":"\w+/, '"Action":"nobody') },
    ])
    expect(awake).not.toEqual([])
  })

  test('never ask for all values of a set, which an absent claim fulfils', () => {
    for (const { document } of ALL) expect(document.text).not.toMatch(/ForAllValues|ForAnyValue|IfExists/)
  })
})
