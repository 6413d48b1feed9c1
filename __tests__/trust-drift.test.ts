import { describe, expect, test } from '@jest/globals'
import type { Config } from '../src/config.ts'
import { exchanges } from '../src/exchanges/index.ts'
import { compareTrust, type Difference } from '../src/trust/drift.ts'
import { recognise, wanted, type Read } from '../src/trust/recognise.ts'
import { trustDocuments } from '../src/trust/request.ts'
import type { Statement } from '../src/trust/statement.ts'
import { warehouses } from '../src/warehouses/index.ts'
import { configOf } from './support/config-of.ts'
import { exportsOf } from './support/trust-exports.ts'

const registries = { warehouses, exchanges }

/** Every warehouse with every exchange that it takes, and two grants, where the platform can hold two. */
const PAIRS = [...warehouses.values()].flatMap((warehouse) =>
  [...warehouse.accepts.keys()].map((via) => [`${warehouse.type} via ${via}`, warehouse, via] as const),
)

async function configFor(type: string, via: string): Promise<Config> {
  const warehouse = warehouses.get(type)
  const together = warehouse?.examples[via]
  const connection = { ...warehouse?.example, ...together?.connection }
  const bound = warehouse?.bind(connection)
  const identity = {
    via,
    ...(exchanges.get(via)?.example as Record<string, unknown>),
    ...bound?.defaults(via),
    ...together?.identity,
  }
  const policy = {
    repository: 'acme/dbt',
    'repository-id': 7654321,
    'repository-owner-id': 1234567,
    targets: { prod: { connection, identity } },
    grants: [
      { name: 'nightly', target: 'prod', when: { environment: 'production', ref: 'refs/heads/main' } },
      { name: 'staging', target: 'prod', when: { environment: 'staging', ref: 'refs/heads/main' } },
    ],
  }
  return configOf({ policy: JSON.stringify(policy) })
}

async function bothSides(config: Config): Promise<{ policy: readonly Read[]; shown: readonly unknown[] }> {
  const [target] = config.targets.values()
  if (!target) throw new Error('there is no target')
  return {
    policy: await wanted(config, target, registries),
    shown: exportsOf(await trustDocuments(config, target)),
  }
}

async function read(documents: readonly unknown[]): Promise<readonly Statement[]> {
  const all = await Promise.all(
    documents.map((one) => recognise(JSON.stringify(one), 'shown.json', registries)),
  )
  return all.flat().map(({ statement }) => statement)
}

/** Without what only one of the sides can know: names of ways, dates and places. */
function bare({ platform, what, ways, settings }: Statement): unknown {
  return {
    platform,
    what,
    settings,
    ways: ways.map(({ issuer, audiences, conditions, principal }) => ({
      issuer,
      audiences,
      conditions,
      principal,
    })),
  }
}

/** Platforms whose trust nobody has a reader for. */
const UNREAD = ['trino via', 'via oauth', 'via none', 'other via direct']

describe.each(PAIRS)('the trust of %s', (name, warehouse, via) => {
  const unread =
    UNREAD.some((one) => name.includes(one)) && name !== 'databricks via oauth' && name !== 'trino via entra'

  test('is read from what its own commands leave behind as what the policy wants', async () => {
    const { policy, shown } = await bothSides(await configFor(warehouse.type, via))
    expect(policy.length > 0).toBe(!unread)
    expect(shown.length).toBe(policy.length)
    expect((await read(shown)).map(bare)).toEqual(policy.map(({ statement }) => bare(statement)))
  })

  test('has not drifted where it stands as it was written', async () => {
    const { policy, shown } = await bothSides(await configFor(warehouse.type, via))
    const statements = policy.map(({ statement }) => statement)
    const { differences, notShown } = compareTrust(statements, await read(shown), true)
    // What a key is behind its name, only people can compare.
    expect([differences, notShown.filter((what) => !/^whether .*thumbprint/.test(what))]).toEqual([[], []])
  })

  test('names exactly the one field that was changed there', async () => {
    const { policy, shown } = await bothSides(await configFor(warehouse.type, via))
    const wantedThere = policy.map(({ statement }) => statement)
    for (const [field, changed] of changes(await read(shown))) {
      const { differences } = compareTrust(wantedThere, changed, true)
      expect([field, differences.map((one) => one.field)]).toEqual([field, [field]])
    }
  })
})

/** Each field of each way, and each setting, changed by itself. */
function* changes(all: readonly Statement[]): Generator<readonly [string, readonly Statement[]]> {
  for (const [index, statement] of all.entries()) {
    const swap = (ways: Statement['ways'], settings = statement.settings): readonly Statement[] =>
      all.with(index, { ...statement, ways, ...(settings ? { settings } : {}) })
    for (const [at, way] of statement.ways.entries()) {
      const other = (change: Partial<typeof way>): readonly Statement[] =>
        swap(statement.ways.with(at, { ...way, ...change }))
      if (way.issuer !== undefined) yield ['issuer', other({ issuer: 'https://issuer.example' })]
      if (way.principal !== undefined) yield ['principal', other({ principal: 'somebody else' })]
      if (way.audiences.length > 0) yield ['audience', other({ audiences: ['https://other.example'] })]
      for (const [position, condition] of way.conditions.entries()) {
        const changed = { ...condition, values: condition.values.map((value) => `${value}x`) }
        yield [condition.claim, other({ conditions: way.conditions.with(position, changed) })]
      }
    }
    for (const [key, value] of statement.settings ?? [])
      yield [key, swap(statement.ways, new Map([...(statement.settings ?? []), [key, `${value} `]]))]
  }
}

const ISSUER = 'https://token.actions.githubusercontent.com'
const MAIN = 'repo:acme@1/dbt@2:environment:production'

type One = Statement['ways'][number]
const way = (change: Partial<One> = {}): One => ({
  name: 'w',
  issuer: ISSUER,
  audiences: ['a'],
  conditions: [{ claim: 'sub', values: [MAIN], by: 'equals' }],
  ...change,
})
const statement = (...ways: readonly One[]): Statement => ({ platform: 'AWS', what: 'role', ways })
const sub = (by: 'equals' | 'pattern' | 'except', ...values: readonly string[]) =>
  ({ claim: 'sub', values, by }) as const

const told = ({ field, verdict, severity }: Difference): string => `${field}: ${verdict} (${severity})`

describe('drift is judged by who comes in', () => {
  const ref = { claim: 'ref', values: ['refs/heads/main'], by: 'equals' } as const
  test.each<[string, One, One, string]>([
    ['a further audience', way(), way({ audiences: ['a', 'b'] }), 'audience: wider (error)'],
    ['no audience', way(), way({ audiences: [] }), 'audience: wider (error)'],
    ['one audience less', way({ audiences: ['a', 'b'] }), way(), 'audience: narrower (warning)'],
    ['no issuer', way(), way({ issuer: undefined }), 'issuer: wider (error)'],
    [
      'a star in place of the rest',
      way(),
      way({ conditions: [sub('pattern', 'repo:acme@1/dbt@2:*')] }),
      'sub: wider (error)',
    ],
    [
      'a further subject',
      way(),
      way({ conditions: [sub('equals', MAIN, 'repo:o/r:pull_request')] }),
      'sub: wider (error)',
    ],
    [
      'one of two subjects',
      way({ conditions: [sub('pattern', 'repo:acme@1/*')] }),
      way(),
      'sub: narrower (warning)',
    ],
    [
      'another subject',
      way(),
      way({ conditions: [sub('equals', 'repo:o/r:pull_request')] }),
      'sub: different (error)',
    ],
    ['all subjects but one', way(), way({ conditions: [sub('except', 'x')] }), 'sub: wider (error)'],
    [
      'a condition that is gone',
      way({ conditions: [sub('equals', MAIN), ref] }),
      way(),
      'ref: wider (error)',
    ],
    ['a condition more', way(), way({ conditions: [sub('equals', MAIN), ref] }), 'ref: narrower (warning)'],
    [
      'ForAllValues',
      way({ conditions: [sub('equals', MAIN), ref] }),
      way({ conditions: [sub('equals', MAIN), { ...ref, alsoAbsent: 'ForAllValues:StringEquals' }] }),
      'ref: wider (error)',
    ],
    [
      'fewer values, and none at all',
      way({ conditions: [sub('equals', MAIN), { ...ref, values: ['a', 'b'] }] }),
      way({
        conditions: [sub('equals', MAIN), { ...ref, values: ['a'], alsoAbsent: 'StringEqualsIfExists' }],
      }),
      'ref: different (error)',
    ],
    ['a role in place of the issuer', way(), way({ principal: 'AWS *' }), 'principal: different (error)'],
  ])('%s', (_name, policy, there, expected) => {
    const { differences } = compareTrust([statement(policy)], [statement(there)], true)
    expect(differences.map(told)).toEqual([expected])
  })

  test('a way more lets in more, and a way less keeps somebody out', () => {
    const other = way({ conditions: [sub('equals', 'repo:acme@1/dbt@2:pull_request')] })
    expect(compareTrust([statement(way())], [statement(way(), other)], true).differences.map(told)).toEqual([
      'way: additional (error)',
    ])
    expect(compareTrust([statement(way(), other)], [statement(way())], true).differences.map(told)).toEqual([
      'way: missing (warning)',
    ])
  })

  test('a way more for those who come in already lets nobody in', () => {
    const wide = way({ conditions: [sub('pattern', 'repo:acme@1/dbt@2:environment:*')] })
    expect(compareTrust([statement(wide)], [statement(wide, way())], true).differences.map(told)).toEqual([
      'way: narrower (warning)',
    ])
  })

  test('the same is the same in whatever order, and in one place or in two', () => {
    const [one, two] = ['repo:o/r:ref:a', 'repo:o/r:ref:b']
    const parted = [way({ conditions: [sub('equals', two)] }), way({ conditions: [sub('equals', one)] })]
    const whole = [way({ conditions: [sub('equals', one, two)] })]
    for (const [policy, there] of [
      [parted, whole],
      [whole, parted],
      [parted, parted.toReversed()],
    ] as const)
      expect(compareTrust([statement(...policy)], [statement(...there)], true).differences).toEqual([])
  })

  test('what is there of another name is none of the policy, and what is not shown is said', () => {
    const [mine, other] = [
      { ...statement(way()), name: 'arn:a' },
      { ...statement(way()), name: 'arn:b' },
    ]
    expect(compareTrust([mine], [other], false)).toEqual({
      differences: [
        expect.objectContaining({ what: 'AWS role arn:b', verdict: 'additional', severity: 'error' }),
      ],
      notShown: ['AWS role arn:a'],
    })
    expect(compareTrust([mine], [], true).differences.map(told)).toEqual(['all of it: missing (warning)'])
  })

  test('a denial there is told, though it lets nobody in', () => {
    const there = { ...statement(way()), remarks: ['The statement x denies, whatever others allow.'] }
    expect(compareTrust([statement(way())], [there], true).differences.map(told)).toEqual([
      'kept out: narrower (warning)',
    ])
  })
})
