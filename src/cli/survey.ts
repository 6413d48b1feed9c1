import { ANY_OTHER, type Environment, type Ground, type Ref } from '../check/ground.ts'
import { samplesOf } from '../check/samples.ts'
import { pinnedIds, type Ids } from '../check/supposed.ts'
import type { Config } from '../config.ts'
import type { Sources } from '../config/sources.ts'
import { isLiteral } from '../pattern.ts'
import type { Grant } from '../policy.ts'
import { fullRef } from './check.ts'
import { settingsOf, type Settings } from './environments.ts'
import { localBranches, type LocalBranches } from './local-branches.ts'
import { gitHub, hasToken } from './octokit.ts'

/** What is asked about every run. */
export interface Surveying {
  readonly all?: boolean
  readonly branches?: readonly string[]
  readonly environments?: readonly string[]
  readonly target?: string
  readonly repository?: string
  readonly json?: boolean
}

/** The ground, and what there is to say about how it was found. */
export interface Surveyed extends Ground {
  readonly source: 'GitHub' | 'this clone' | 'the command line'
  readonly notes: readonly string[]
}

interface Found {
  readonly settings: Settings | undefined
  readonly local: LocalBranches | undefined
}

/** What there is in a repository: as the command line says, else as GitHub says, else as far as this clone and the policy know. */
export async function survey(
  { grants, issuer }: Config,
  { workspace }: Sources,
  repository: string,
  asking: Surveying,
): Promise<Surveyed> {
  const found = await look(workspace, repository, asking)
  const { settings, local } = found
  const refs = refsOf(asking, found)
  const ids = { ...pinnedIds(grants, repository), ...settings?.ids }
  return {
    repository,
    issuer,
    ids,
    forms: formsOf(settings, grants, ids),
    defaultBranch: settings?.defaultBranch ?? local?.defaultBranch,
    standing: new Map(
      settings?.visibility === undefined ? [] : [['repository_visibility', settings.visibility]],
    ),
    refs: [...refs, ...samplesOf(grants, refs), ANY_OTHER],
    environments: environmentsOf(grants, asking.environments, settings),
    source: settings ? 'GitHub' : local ? 'this clone' : 'the command line',
    notes: notesOf(found, asking),
  }
}

async function look(workspace: string, repository: string, asking: Surveying): Promise<Found> {
  if (asking.branches && asking.environments) return { settings: undefined, local: undefined }
  if (hasToken()) return { settings: await settingsOf(await gitHub(), repository), local: undefined }
  return { settings: undefined, local: await localBranches(workspace) }
}

function refsOf({ branches }: Surveying, { settings, local }: Found): readonly Ref[] {
  const names = branches ?? (settings ? undefined : local?.names) ?? []
  const protection = new Map(settings?.refs.map(({ ref, isProtected }) => [ref, isProtected]))
  if (!branches && settings) return settings.refs
  return names.map(fullRef).map((ref) => ({ ref, isProtected: protection.get(ref) }))
}

/** Only a grant that names `sub` can tell the forms apart. */
function formsOf(settings: Settings | undefined, grants: readonly Grant[], ids: Ids): Ground['forms'] {
  if (settings?.subject === 'name' || settings?.subject === 'id') return [settings.subject]
  const told = grants.some(({ when, narrow }) => when.has('sub') || narrow?.has('sub') === true)
  return told && ids.repositoryId !== undefined && ids.ownerId !== undefined ? ['name', 'id'] : ['name']
}

function environmentsOf(
  grants: readonly Grant[],
  given: readonly string[] | undefined,
  settings: Settings | undefined,
): readonly Environment[] {
  const named = grants.flatMap(({ when }) => when.get('environment') ?? []).filter(isLiteral)
  const names = given ?? [...(settings?.environments.map(({ name }) => name) ?? []), ...named]
  return [...new Set(names)].map((name) => environmentOf(name, settings))
}

function environmentOf(name: string, settings: Settings | undefined): Environment {
  if (!settings) return { name, rule: { kind: 'unknown' }, there: undefined }
  // GitHub takes the names of environments as the same whatever the case of their letters.
  const there = settings.environments.find((one) => one.name.toLowerCase() === name.toLowerCase())
  return there ? { ...there, name } : { name, rule: { kind: 'any' }, there: false }
}

function notesOf({ settings, local }: Found, { branches, environments }: Surveying): readonly string[] {
  if (settings) return settings.notes
  const taken = [
    ...(branches ? [] : ['branches are those of this clone']),
    ...(environments ? [] : ['environments are those that the policy names']),
    'which refs an environment admits is not known',
  ]
  const why = local ? ' (no GITHUB_TOKEN)' : ''
  return [`GitHub was not asked${why}: ${taken.join('; ')}.`, ...(branches ? [] : (local?.notes ?? []))]
}
