import { describe, expect, test } from '@jest/globals'
import { faultsOf, otherConfig, WORLDS, type World } from './support/equivalence/others.ts'
import { PLATFORMS, type Platform } from './support/equivalence/platforms.ts'
import type { WrittenWhen } from './support/equivalence/policies.ts'
import { openClaims, stand, type Paste, type Stand } from './support/equivalence/stand.ts'

const OKTA = 'Okta, by a key of AWS'
const NAMES = ['Snowflake', 'Google', 'AWS', 'Microsoft Entra ID', 'Databricks', 'Vault', OKTA]
const platforms = PLATFORMS.filter(({ name }) => NAMES.includes(name))

async function standFor(
  platform: Platform,
  world: World,
  grants: readonly WrittenWhen[],
  paste?: Paste,
): Promise<Stand | undefined> {
  const config = await otherConfig(platform, world, grants)
  const target = config.targets.get('prod')
  return target && stand(platform, config, target, 'both', paste)
}

const named = (name: string): Platform | undefined => platforms.find((one) => one.name === name)

const REFUSED = 'refused' as const

const POD = 'kubernetes.io/pod/name'

type Left = readonly (readonly string[] | typeof REFUSED)[]

/** Where the subject alone is compared, and as a whole. */
const OF_GITLAB: Left = [
  [],
  ['ref_protected'],
  ['environment'],
  [],
  [],
  [],
  ['environment'],
  ...Array.from({ length: 6 }, () => REFUSED),
]
const OF_CLUSTER: Left = [[], [], [POD], [POD], [], REFUSED]
/** Where a star stands for the service account. */
const BY_ACCOUNT: Left = OF_CLUSTER.map((one) => (one === REFUSED ? [POD] : one))
const bySubject = (left: Left): Readonly<Record<string, Left>> => ({
  Snowflake: left,
  'Microsoft Entra ID': left,
  Databricks: left,
})

/** Where a star of the subject stands for any characters. */
const BY_STARS: Left = [
  ...OF_GITLAB.slice(0, 7),
  ['ref'],
  ['ref'],
  ['project_path', 'ref', 'ref_type'],
  ['namespace_path', 'ref', 'ref_type'],
  ['environment'],
  REFUSED,
]
/** Where claims are compared, in one list for all grants, and with such stars. */
const BY_CLAIMS: Left = [
  ...Array.from({ length: 6 }, () => []),
  ['environment', 'project_path'],
  ['ref'],
  ['ref'],
  ['project_path'],
  [],
  ['environment'],
  [],
]

/** By platform, what each policy leaves to the action alone, in their order. */
const LEFT: Readonly<
  Record<World['like'], Readonly<Record<string, readonly (readonly string[] | 'refused')[]>>>
> = {
  gitlab: {
    ...bySubject(OF_GITLAB),
    AWS: BY_STARS,
    [OKTA]: BY_STARS,
    Google: OF_GITLAB.map(() => []),
    Vault: BY_CLAIMS,
  },
  kubernetes: {
    ...bySubject(OF_CLUSTER),
    AWS: BY_ACCOUNT,
    [OKTA]: BY_ACCOUNT,
    Google: OF_CLUSTER.map(() => []),
    Vault: [[], [], [], [POD], [], [POD]],
  },
}

describe.each(WORLDS)('tokens of $like', (world) => {
  test.each(platforms)(
    'the trust of $name lets in whom the policy grants, but for what it says',
    async (platform) => {
      const left: unknown[] = []
      const faults: string[] = []
      for (const grants of Object.values(world.policies)) {
        const at = await standFor(platform, world, grants)
        left.push(at ? openClaims(at).toSorted() : REFUSED)
        if (at) faults.push(...faultsOf(at, world))
      }
      expect(faults).toEqual([])
      expect(left).toEqual(LEFT[world.like][platform.name])
    },
  )
})

test('the proof finds a trust that is not what the policy grants', async () => {
  const [gitlab] = WORLDS
  const tamper = async (name: string, from: RegExp, to: string): Promise<number> => {
    const platform = named(name)
    const paste: Paste = (documents) =>
      documents.map((one) => ({ ...one, text: one.text.replaceAll(from, to) }))
    const at =
      platform && gitlab && (await standFor(platform, gitlab, gitlab.policies['environment'] ?? [], paste))
    return at && gitlab ? faultsOf(at, gitlab).length : 0
  }
  expect(await tamper('Snowflake', /ref:main/g, 'ref:develop')).toBeGreaterThan(0)
  expect(await tamper('Snowflake', /, environment\b|environment, /g, '')).toBe(0)
  expect(await tamper('Snowflake', /^-- Checked by.*$/gm, '--')).toBeGreaterThan(0)
  expect(await tamper('AWS', /"project_path:[^"]*"/g, '"project_path:*"')).toBeGreaterThan(0)
  expect(await tamper('Google', / && assertion\.ref_type == "branch"/g, '')).toBeGreaterThan(0)
  expect(await tamper('Vault', /^ *"ref_type": .*\n/gm, '')).toBeGreaterThan(0)
})
