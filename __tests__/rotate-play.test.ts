import { describe, expect, test } from '@jest/globals'
import type { Config } from '../src/config.ts'
import { audienceOf, type Target } from '../src/config/target.ts'
import { trustDocuments } from '../src/trust/request.ts'
import { first, second, type Phase, type State } from '../src/trust/rotate/plan.ts'
import type { Changed } from '../src/trust/parts.ts'
import type { TrustDocument } from '../src/trust.ts'
import { configOf } from './support/config-of.ts'
import { PLATFORMS, type Platform } from './support/equivalence/platforms.ts'
import { githubClaims } from './support/github-claims.ts'
import { textsOf, type Pasted } from './support/models/presented.ts'
import { readVault } from './support/models/vault.ts'

type Change = Readonly<Record<string, unknown>>

/** The policy of one target, of whose words some are others. */
async function stateOf(platform: Platform, change: (target: Change) => Change): Promise<State> {
  const policy = JSON.stringify({
    repository: 'o/r',
    'repository-id': 456,
    'repository-owner-id': 123,
    targets: { prod: change({ ...platform.target('prod') }) },
    grants: [{ target: 'prod', when: { environment: 'production' } }],
  })
  const config: Config = await configOf({
    policy,
    ...(platform.serverUrl !== undefined && { serverUrl: platform.serverUrl }),
  })
  const target = config.targets.get('prod')
  if (!target) throw new Error('no target')
  return { config, target }
}

/** What stands on the other side: everything that was pasted, in order. */
interface Side {
  readonly pasted: readonly Pasted[]
  readonly platform: Platform
  readonly config: Pick<Config, 'issuer'>
}

/** Whether a run of the granted job comes in, by the audience that its policy names. */
function comesIn({ pasted, platform, config }: Side, target: Target): boolean {
  const audience = audienceOf(target)
  const claims = githubClaims({ environment: 'production', iss: config.issuer, aud: audience }, 'name')
  return platform.model(pasted, audience)(claims)
}

/** Pastes the statements of a phase one by one, and asks after each who comes in. */
function* played(side: Side, steps: readonly Changed[]): Generator<Side> {
  let now = side
  for (const document of steps) {
    const before = document.before ?? []
    for (const step of document.steps) {
      now = { ...now, pasted: [...now.pasted, { ...document, text: [...before, step].join('\n') }] }
      yield now
    }
  }
}

interface Told {
  readonly side: Side
  /** After each statement: whether every run that may happen then comes in. */
  readonly held: readonly boolean[]
}

function play(
  side: Side,
  { change }: Phase,
  runs: readonly Target[],
  lets: (side: Side, run: Target) => boolean = comesIn,
): Told {
  const held: boolean[] = []
  let last = side
  for (const now of played(side, [...change.documents, ...change.removals])) {
    held.push(runs.every((run) => lets(now, run)))
    last = now
  }
  return { side: last, held }
}

const standing = async ({ config, target }: State): Promise<readonly TrustDocument[]> =>
  trustDocuments(config, target)

const named = (...names: readonly string[]): readonly Platform[] =>
  PLATFORMS.filter(({ name }) => names.includes(name))

const OLD = 'urn:acme:1'
const NEW = 'urn:acme:2'

describe('a new audience', () => {
  test.each(named('Snowflake', 'Google', 'AWS', 'AWS, for an enterprise server', 'Databricks', 'Vault'))(
    'comes to $name and the old one goes, and after no statement does a run fail',
    async (platform) => {
      const [now, both, then] = await Promise.all([
        stateOf(platform, (target) => ({ ...target, audience: OLD })),
        stateOf(platform, (target) => ({ ...target, audience: { use: NEW, also: OLD } })),
        stateOf(platform, (target) => ({ ...target, audience: NEW })),
      ])
      const begun: Side = { platform, config: now.config, pasted: await standing(now) }
      expect([comesIn(begun, now.target), comesIn(begun, then.target)]).toEqual([true, false])
      // While it is pasted, runs have the policy of today.
      const one = play(begun, await first(now, both), [now.target])
      expect([one.held.length > 0, one.held.includes(false)]).toEqual([true, false])
      // The policy moves over branch by branch.
      expect([comesIn(one.side, now.target), comesIn(one.side, both.target)]).toEqual([true, true])
      const two = play(one.side, await second(now, both, then), [then.target])
      expect([two.held.length > 0, two.held.includes(false)]).toEqual([true, false])
      expect([comesIn(two.side, then.target), comesIn(two.side, now.target)]).toEqual([true, false])
    },
  )

  test('would fail runs if the old one went at once', async () => {
    const [platform] = named('Google')
    if (!platform) throw new Error('no Google')
    const now = await stateOf(platform, (target) => ({ ...target, audience: OLD }))
    const then = await stateOf(platform, (target) => ({ ...target, audience: NEW }))
    const begun: Side = { platform, config: now.config, pasted: await standing(now) }
    const hasty = await second(now, now, then)
    expect(play(begun, hasty, [now.target]).held).toContain(false)
  })
})

describe('a second role', () => {
  const identity = (change: Change) => (target: Change) => ({
    ...target,
    identity: { ...(target['identity'] as Change), ...change },
  })

  test.each<[string, Change]>([
    ['AWS', { role: 'arn:aws:iam::123456789012:role/dbt-prod-2' }],
    ['AWS, for an enterprise server', { role: 'arn:aws:iam::123456789012:role/dbt-prod-2' }],
    ['Google', { 'service-account': 'dbt-prod-2@acme.iam.gserviceaccount.com' }],
    ['Vault', { role: 'dbt-2' }],
    ['Microsoft Entra ID', { 'client-id': '1c9f2a10-5b0e-4f0e-9d44-0f4f2f6f3a10' }],
  ])('of %s is made beside the first, which goes by its name', async (name, change) => {
    const [platform] = named(name)
    if (!platform) throw new Error(`no ${name}`)
    const now = await stateOf(platform, (target) => target)
    const then = await stateOf(platform, identity(change))
    const begun: Side = { platform, config: now.config, pasted: await standing(now) }
    const one = play(begun, await first(now, then), [now.target])
    expect([one.held.length > 0, one.held.includes(false)]).toEqual([true, false])
    const phase = await second(now, then, then)
    const two = play(one.side, phase, [then.target])
    expect(two.held).not.toContain(false)
    const old = Object.values((platform.target('prod') as { identity: Change }).identity)
    const gone = phase.change.removals.flatMap(({ steps }) => steps).join('\n')
    expect(
      old.some((value) => typeof value === 'string' && gone.includes(value.split('/').at(-1) ?? '')),
    ).toBe(true)
  })
})

const changed = (change: Change) => (target: Change) => ({
  ...target,
  identity: { ...(target['identity'] as Change), ...change },
})
const SECOND = { role: 'dbt-prod-2', database: { role: 'dbt-prod-2' } }

/** Whether a run gets a user: by its login a policy lets it ask for one, and what makes it is there. */
function getsUser(side: Side, run: Target): boolean {
  const { roles, policies, databases } = readVault(textsOf(side.pasted, 'sh').join('\n'))
  const [name, made] = [run.exchange.makes()?.path ?? '', run.exchange.makes()?.path.split('/').at(-1) ?? '']
  const login = roles.get(`jwt/${made}`)
  const opened = (login?.token_policies ?? []).map((policy) => policies.get(policy) ?? '')
  return (
    comesIn(side, run) &&
    databases.has(name.replace('/roles/', '/')) &&
    opened.some((text) => text.includes(`path "${name.replace('/roles/', '/creds/')}"`))
  )
}

async function begun(): Promise<{ side: Side; now: State; later: State }> {
  const [platform] = named('Vault')
  if (!platform) throw new Error('no Vault')
  const now = await stateOf(platform, (target) => target)
  const later = await stateOf(platform, changed(SECOND))
  return { side: { platform, config: now.config, pasted: await standing(now) }, now, later }
}

describe('the role by which Vault makes users of a database', () => {
  test('is made beside the first with a login of its own, and after no statement does a run fail', async () => {
    const { side, now, later: then } = await begun()
    expect([getsUser(side, now.target), getsUser(side, then.target)]).toEqual([true, false])
    const one = play(side, await first(now, then), [now.target], getsUser)
    expect([one.held.length > 2, one.held.includes(false)]).toEqual([true, false])
    expect([getsUser(one.side, now.target), getsUser(one.side, then.target)]).toEqual([true, true])
    const two = play(one.side, await second(now, then, then), [then.target], getsUser)
    expect([two.held.length > 2, two.held.includes(false)]).toEqual([true, false])
    expect([getsUser(two.side, now.target), getsUser(two.side, then.target)]).toEqual([false, true])
  })

  test('would fail runs if the first went at once', async () => {
    const { side, now, later: then } = await begun()
    expect(play(side, await second(now, now, then), [now.target], getsUser).held).toContain(false)
  })

  test('is not changed below the login of today, whose policy reads one of them', async () => {
    const { now, side } = await begun()
    const other = await stateOf(side.platform, changed({ database: { role: 'dbt-prod-2' } }))
    await expect(first(now, other)).rejects.toMatchObject({
      remedy: expect.stringContaining('`--set identity.role=…` with `--set identity.database.role=…`'),
    })
  })
})
