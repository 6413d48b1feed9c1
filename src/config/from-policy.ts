import { resolve } from 'node:path'
import type { Rules } from '../config.ts'
import type { Grant, When } from '../policy.ts'
import { readYaml, type YamlMap, type YamlNode } from '../yaml.ts'
import { buildTarget, readConnection, type TargetRules } from './build-target.ts'
import { checkConditions, entry, readWhen } from './grants.ts'
import { readNarrowing } from './narrowing.ts'
import { input, leaves, placeOfInput } from './options.ts'
import { POLICY_KEYS, policyFile, type PolicyFile } from './policy-file.ts'
import { daysOf, reviewAge } from './review.ts'
import { asText, check } from './schema.ts'
import { readNeeded, type Sources } from './sources.ts'
import type { Target } from './target.ts'
import { nearest } from '../nearest.ts'

/** Where the policy file is looked for when no input names one. */
export const POLICY_PATH = '.github/dbt-oidc.yml'

const REFUSED = ['connection', 'identity', 'profiles-dir', 'profile', 'audience'] as const
const DEFAULT_WARN_DAYS = 90

/** Reads targets and grants from the policy file; inputs may only narrow it. */
export async function fromPolicy(sources: Sources, rules: TargetRules): Promise<Rules> {
  const { problems } = rules
  const path = input(sources, 'config') ?? POLICY_PATH
  const empty: Rules = { targets: new Map(), grants: [], asked: undefined, issuer: undefined, origin: path }
  for (const name of REFUSED) {
    if (input(sources, name) === undefined) continue
    problems.add(
      placeOfInput(name),
      `It has no say beside the policy file \`${path}\`: write it there, or remove the file.`,
    )
  }
  const { when: narrow } = readNarrowing(sources, problems)
  if (leaves(sources.workspace, resolve(sources.workspace, path))) {
    problems.add(placeOfInput('config'), `\`${path}\` leads out of the workspace.`)
    return empty
  }
  const text = await readNeeded(
    resolve(sources.workspace, path),
    path,
    placeOfInput('config'),
    sources,
    problems,
  )
  if (text === undefined) return empty
  const node = readRoot(text, path, rules)
  if (!node) return empty
  const { value, problems: faults } = check(policyFile, asText(node), node, POLICY_KEYS)
  problems.addAll(faults)
  // A file that does not fit as a whole still has its targets and grants looked at: all problems at once.
  const targets = readTargets(node, rules)
  const grants = readGrants(node, value, targets, { sources, rules, narrow })
  const asked = input(sources, 'target')
  const known = targetNames(node)
  if (asked !== undefined && !known.includes(asked)) {
    const near = nearest(asked, known)
    problems.add(
      placeOfInput('target'),
      `\`${path}\` has no target \`${asked}\`${near ? `; did you mean \`${near}\`?` : '.'} It has: ${known.join(', ') || 'none'}.`,
    )
  }
  return { targets, grants, asked, issuer: value?.issuer, origin: path }
}

function readRoot(text: string, path: string, { problems }: TargetRules): YamlMap | undefined {
  const { node, problems: faults } = readYaml(text, path)
  problems.addAll(faults)
  if (faults.length > 0) return undefined
  if (node?.kind === 'map') return node
  problems.add(
    path,
    node
      ? 'The policy file must be a map with `targets` and `grants`.'
      : 'The policy file is empty: it needs `targets` and `grants`.',
  )
  return undefined
}

function targetNames(node: YamlMap): readonly string[] {
  const targets = entry(node, 'targets')
  return targets?.kind === 'map' ? [...targets.entries.keys()] : []
}

function readTargets(node: YamlMap, rules: TargetRules): ReadonlyMap<string, Target> {
  const targets = new Map<string, Target>()
  const section = entry(node, 'targets')
  if (section?.kind !== 'map') return targets
  for (const [name, { value }] of section.entries) {
    if (value.kind !== 'map') continue
    const connection = entry(value, 'connection')
    if (connection?.kind !== 'map') continue
    const audience = entry(value, 'audience')
    const target = buildTarget(
      {
        name,
        connection: readConnection(connection, rules),
        node: connection,
        identity: entry(value, 'identity'),
        audience: audience?.kind === 'scalar' ? audience.text : undefined,
      },
      rules,
    )
    if (target) targets.set(name, target)
  }
  return targets
}

interface GrantContext {
  readonly sources: Sources
  readonly rules: TargetRules
  readonly narrow: When
}

function readGrants(
  node: YamlMap,
  policy: PolicyFile | undefined,
  targets: ReadonlyMap<string, Target>,
  context: GrantContext,
): readonly Grant[] {
  const section = entry(node, 'grants')
  if (section?.kind !== 'list') return []
  const implied = impliedClaims(node, context.sources)
  const grants: Grant[] = []
  const names = targetNames(node)
  for (const [index, item] of section.items.entries()) {
    if (item.kind !== 'map') continue
    const grant = readGrant(item, index, implied, context)
    if (!grant) continue
    if (!names.includes(grant.target)) {
      const near = nearest(grant.target, names)
      context.rules.problems.add(
        entry(item, 'target')?.place ?? item.place,
        `There is no target \`${grant.target}\`${near ? `; did you mean \`${near}\`?` : '.'}`,
      )
    }
    checkAge(item, grant, policy, context)
    grants.push(grant)
  }
  checkUnique(grants, context.rules)
  return grants
}

function readGrant(
  item: YamlMap,
  index: number,
  implied: When,
  { rules, narrow }: GrantContext,
): Grant | undefined {
  const [whenNode, target] = [entry(item, 'when'), entry(item, 'target')]
  if (!whenNode || target?.kind !== 'scalar') return undefined
  const written = readWhen(whenNode, rules.problems)
  const when = new Map([...implied, ...written.when])
  checkConditions({ when, places: written.places }, whenNode.place, rules)
  const [name, reviewed] = [scalarText(entry(item, 'name')), scalarText(entry(item, 'reviewed'))]
  return {
    name: name ?? `grants[${index}]`,
    target: target.text,
    when,
    ...(narrow.size === 0 ? {} : { narrow }),
    ...(reviewed === undefined ? {} : { reviewed }),
    place: item.place,
  }
}

/** `repository`, and the ids that a policy pins, hold in every grant that does not name its own. */
function impliedClaims(node: YamlMap, sources: Sources): When {
  const repository = scalarText(entry(node, 'repository')) ?? sources.repository
  const id = scalarText(entry(node, 'repository-id'))
  const owner = scalarText(entry(node, 'repository-owner-id'))
  return new Map([
    ['repository', [repository]],
    ...(id === undefined ? [] : [['repository_id', [id]] as const]),
    ...(owner === undefined ? [] : [['repository_owner_id', [owner]] as const]),
  ])
}

function checkAge(item: YamlMap, grant: Grant, policy: PolicyFile | undefined, context: GrantContext): void {
  if (grant.reviewed === undefined) return
  const place = entry(item, 'reviewed')?.place ?? item.place
  const age = reviewAge(grant.reviewed, context.sources.today)
  if ('problem' in age) {
    if (/^\d{4}-\d{2}-\d{2}$/.test(grant.reviewed)) context.rules.problems.add(place, age.problem)
    return
  }
  const { warn, fail } = policy?.review ?? {}
  if (fail !== undefined && age.days > daysOf(fail)) {
    context.rules.problems.add(
      place,
      `The grant was last reviewed ${age.days} days ago; \`review.fail\` allows ${daysOf(fail)}.`,
    )
  } else if (age.days > (warn === undefined ? DEFAULT_WARN_DAYS : daysOf(warn))) {
    context.rules.warn(`${place}: the grant \`${grant.name}\` was last reviewed ${age.days} days ago.`)
  }
}

function checkUnique(grants: readonly Grant[], { problems }: TargetRules): void {
  const seen = new Map<string, Grant>()
  for (const grant of grants) {
    const first = seen.get(grant.name)
    if (first) problems.add(grant.place, `The grant name \`${grant.name}\` is taken by ${first.place}.`)
    else seen.set(grant.name, grant)
  }
}

function scalarText(node: YamlNode | undefined): string | undefined {
  return node?.kind === 'scalar' ? node.text : undefined
}
