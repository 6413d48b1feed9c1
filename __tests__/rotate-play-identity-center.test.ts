import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { createLocalJWKSet } from 'jose'
import { audienceOf, wantOf, type Target } from '../src/config/target.ts'
import { trustDocuments } from '../src/trust/request.ts'
import { first, second, type State } from '../src/trust/rotate/plan.ts'
import { newCloud, type Cloud } from './support/aws/account.ts'
import { ACCOUNT, HOST, REGION } from './support/aws/bench.ts'
import { APPLICATION, CENTER_HOST, INSTANCE, SETTINGS } from './support/aws/center-bench.ts'
import { answersOf, newDirectory, obey, type Directory } from './support/aws/directory.ts'
import { admitByCenter, newCenter } from './support/aws/identity-center.ts'
import { runInShell } from './support/aws/real-shell.ts'
import { newSts } from './support/aws/sts.ts'
import { configOf } from './support/config-of.ts'
import { startIssuer, type Issuer } from './support/issuer.ts'
import { play, type Stage } from './support/trust/played.ts'
import { worldOf } from './support/world.ts'

type Fields = Readonly<Record<string, unknown>>

const ATHENA = {
  type: 'athena',
  region_name: REGION,
  s3_staging_dir: 's3://b/r/',
  database: 'awsdatacatalog',
  schema: 'dbt',
}
const REDSHIFT = {
  type: 'redshift',
  method: 'oauth_token_identity_center',
  host: `w.${ACCOUNT}.${REGION}.redshift-serverless.amazonaws.com`,
  dbname: 'dev',
  schema: 'dbt',
}
const { role: _role, application: _application, 'session-role': _last, ...ITSELF } = SETTINGS

const SECOND = {
  role: `arn:aws:iam::${ACCOUNT}:role/dbt-2`,
  application: APPLICATION.replace(/.$/, '0'),
  'session-role': `arn:aws:iam::${ACCOUNT}:role/athena-2`,
}

let issuer: Issuer
let cloud: Cloud
let directory: Directory

const keysOf = async () => createLocalJWKSet({ keys: [issuer.key().jwk] })

beforeEach(async () => {
  issuer = await startIssuer({ claims: { environment: 'production' } })
  cloud = newCloud()
  directory = newDirectory(INSTANCE, APPLICATION)
  // An application has an ARN once it was made.
  directory.applications.set(SECOND.application, { trusted: [], actors: undefined, assigned: new Set() })
  issuer.at(HOST, newSts({ cloud, region: REGION, host: HOST, keysOf }).handler)
  const options = { cloud, directory, region: REGION, host: CENTER_HOST, keysOf }
  issuer.at(CENTER_HOST, newCenter(options).handler)
})

afterEach(async () => {
  await issuer.close()
})

/** The policy of one target, with this identity and audience. */
async function stateOf(
  connection: Fields,
  identity: Fields,
  audience?: string | Readonly<Record<string, string>>,
  others: Fields = {},
): Promise<State> {
  const prod = {
    connection,
    identity: { via: 'aws-identity-center', ...identity },
    ...(audience !== undefined && { audience }),
  }
  const config = await configOf({
    serverUrl: issuer.serverUrl,
    policy: JSON.stringify({
      repository: 'o/r',
      'repository-id': 456,
      'repository-owner-id': 123,
      targets: { prod, ...others },
      grants: [
        { target: 'prod', when: { environment: 'production' } },
        ...Object.keys(others).map((target) => ({ target, when: { environment: target } })),
      ],
    }),
  })
  const target = config.targets.get('prod')
  if (!target) throw new Error('no target')
  return { config, target }
}

/** Pastes texts into one shell, in which the account answers what stands there. */
async function paste(...texts: readonly string[]): Promise<void> {
  obey(cloud, directory, await runInShell(texts, answersOf(directory)), ACCOUNT)
}

async function stand({ config, target }: State): Promise<void> {
  const documents = await trustDocuments(config, target)
  await paste(...documents.filter(({ language }) => language === 'sh').map(({ text }) => text))
}

/** Whether a run of the granted job gets in: with keys that carry its user, or with its token at Redshift. */
async function comesIn(target: Target): Promise<boolean> {
  const { mint, io } = worldOf(issuer)
  if (target.warehouse.type === 'redshift') {
    const { text } = await mint(audienceOf(target))
    return 'role' in (await admitByCenter({ directory, keysOf }, text))
  }
  const got = await target.exchange.trade(wantOf(target), mint, io).catch((error: unknown) => error)
  return typeof got === 'object' && got !== null && 'accessKeyId' in got
}

const stage: Stage = { paste, comesIn }

const OLD = 'urn:acme:1'
const NEW = 'urn:acme:2'

describe('the audience', () => {
  test.each([
    ['of an application', ATHENA, SETTINGS],
    ["of Redshift's own application", REDSHIFT, ITSELF],
  ])(
    '%s gives way to another, and after no statement does a run fail',
    async (_name, connection, identity) => {
      const now = await stateOf(connection, identity, OLD)
      const both = await stateOf(connection, identity, { use: NEW, also: OLD })
      const then = await stateOf(connection, identity, NEW)
      await stand(now)
      expect([await comesIn(now.target), await comesIn(then.target)]).toEqual([true, false])
      expect(await play(await first(now, both), [now.target], stage)).toEqual([true])
      // The policy moves over branch by branch.
      expect([await comesIn(now.target), await comesIn(both.target)]).toEqual([true, true])
      expect(await play(await second(now, both, then), [then.target], stage)).toEqual([true])
      expect([await comesIn(now.target), await comesIn(then.target)]).toEqual([false, true])
    },
  )

  test('would fail runs if the old one went at once', async () => {
    const now = await stateOf(ATHENA, SETTINGS, OLD)
    await stand(now)
    expect(
      await play(await second(now, now, await stateOf(ATHENA, SETTINGS, NEW)), [now.target], stage),
    ).toContain(false)
  })

  test('of Redshift is not set where another target of its list would go', async () => {
    const identity = { via: 'aws-identity-center', ...ITSELF, group: 'dbt-ci' }
    const others = { ci: { connection: REDSHIFT, identity, audience: OLD } }
    const now = await stateOf(REDSHIFT, ITSELF, OLD, others)
    const both = await stateOf(REDSHIFT, ITSELF, { use: NEW, also: OLD }, others)
    await expect(first(now, both)).rejects.toMatchObject({
      remedy: expect.stringContaining('the same `audience`'),
    })
  })
})

describe('a second application', () => {
  test.each<[string, Partial<typeof SECOND>]>([
    ['with roles of its own', SECOND],
    ['for the role that trades already', { application: SECOND.application }],
  ])('%s is made beside the first, and after no statement does a run fail', async (_name, change) => {
    const now = await stateOf(ATHENA, SETTINGS)
    const then = await stateOf(ATHENA, { ...SETTINGS, ...change })
    await stand(now)
    expect([await comesIn(now.target), await comesIn(then.target)]).toEqual([true, false])
    const one = await play(await first(now, then), [now.target], stage)
    expect([one.length > 2, one.includes(false)]).toEqual([true, false])
    expect([await comesIn(now.target), await comesIn(then.target)]).toEqual([true, true])
    const phase = await second(now, then, then)
    const two = await play(phase, [then.target], stage)
    expect([two.length > 1, two.includes(false), phase.change.byHand]).toEqual([true, false, []])
    expect([await comesIn(now.target), await comesIn(then.target)]).toEqual([false, true])
    expect([...directory.applications.keys()]).toEqual([SECOND.application])
  })

  test('would fail runs if the first went at once', async () => {
    const now = await stateOf(ATHENA, SETTINGS)
    await stand(now)
    const hasty = await second(now, now, await stateOf(ATHENA, { ...SETTINGS, ...SECOND }))
    expect(await play(hasty, [now.target], stage)).toContain(false)
  })

  test('goes with a second role, which no application takes beside its first', async () => {
    const now = await stateOf(ATHENA, SETTINGS)
    const other = await stateOf(ATHENA, { ...SETTINGS, role: SECOND.role })
    await expect(first(now, other)).rejects.toMatchObject({
      remedy: expect.stringContaining('`--set identity.application=…` with `--set identity.role=…`'),
    })
  })

  test('has the group of the first: its users would have the rights of both', async () => {
    const now = await stateOf(ATHENA, SETTINGS)
    const other = await stateOf(ATHENA, { ...SETTINGS, ...SECOND, group: 'dbt-2' })
    await expect(first(now, other)).rejects.toMatchObject({
      remedy: expect.stringContaining('leave `identity.group` as it is'),
    })
  })
})

test('another session role is assumed beside the first', async () => {
  const now = await stateOf(ATHENA, SETTINGS)
  const then = await stateOf(ATHENA, { ...SETTINGS, 'session-role': SECOND['session-role'] })
  await stand(now)
  expect(await play(await first(now, then), [now.target], stage)).not.toContain(false)
  expect([await comesIn(now.target), await comesIn(then.target)]).toEqual([true, true])
  expect(await play(await second(now, then, then), [then.target], stage)).not.toContain(false)
  expect([await comesIn(now.target), await comesIn(then.target)]).toEqual([false, true])
})
