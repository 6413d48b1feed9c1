import type { Rules } from '../config.ts'
import { checkName } from '../profile.ts'
import type { When } from '../policy.ts'
import { readYaml, type YamlMap } from '../yaml.ts'
import { buildTarget, type TargetRules, type TargetSource } from './build-target.ts'
import { readConnection } from './connection.ts'
import { fromExisting } from './existing.ts'
import { checkConditions } from './grants.ts'
import { readNarrowing } from './narrowing.ts'
import { block, input, placeOfInput, type Options } from './options.ts'
import { reviewLimits } from './review.ts'
import type { Sources } from './sources.ts'

const DEFAULT_TARGET = 'prod'

/** What a step without a restriction is offered. */
const RESTRICTED = `with:
  ref: refs/heads/main # or "**": any branch, on purpose
  # environment: production
  # claims: "{ event_name: push }"`

/** Makes the one target and the one grant of a configuration without a policy file. */
export async function fromInputs(sources: Sources, options: Options, rules: TargetRules): Promise<Rules> {
  const given = readNarrowing(sources, rules.problems)
  const when: When = new Map([['repository', [sources.repository]], ...given.when])
  checkConditions({ ...given, when }, 'inputs', rules, RESTRICTED)
  for (const name of ['connection', 'identity'] as const)
    await rules.registries.mentioned?.(input(sources, name) ?? '')
  const identity = readMap('identity', sources, rules)
  const source = await readSource(sources, options, rules)
  const name = source?.name ?? DEFAULT_TARGET
  const use = input(sources, 'audience')
  const audience = use === undefined ? undefined : { use, also: [] }
  const unread = identity === undefined && input(sources, 'identity') !== undefined
  const target = source && buildTarget({ ...source, identity, unread, audience }, rules)
  return {
    targets: new Map(target ? [[name, target]] : []),
    grants: [{ name: 'inputs', target: name, when, place: 'inputs' }],
    asked: undefined,
    issuer: undefined,
    issuers: new Map(),
    review: reviewLimits(undefined),
    origin: 'inputs',
  }
}

type Found = Pick<TargetSource, 'name' | 'connection' | 'node' | 'fromCheckout'>

async function readSource(
  sources: Sources,
  options: Options,
  rules: TargetRules,
): Promise<Found | undefined> {
  if (input(sources, 'connection') === undefined) return fromExisting(sources, options, rules)
  for (const name of ['profiles-dir', 'profile'] as const) {
    if (input(sources, name) === undefined) continue
    rules.problems.add(placeOfInput(name), 'It has no say beside `connection`: give one or the other.')
  }
  const node = readMap('connection', sources, rules)
  if (!node) return undefined
  const name = input(sources, 'target') ?? DEFAULT_TARGET
  const problem = checkName(name)
  if (problem) rules.problems.add(placeOfInput('target'), problem)
  return { name, connection: readConnection(node, rules), node }
}

function readMap(name: 'connection' | 'identity', sources: Sources, rules: TargetRules): YamlMap | undefined {
  const text = block(sources, name)
  if (text === undefined) return undefined
  const { node, problems } = readYaml(text, placeOfInput(name))
  rules.problems.addAll(problems)
  if (problems.length > 0) return undefined
  if (node?.kind === 'map') return node
  rules.problems.add(placeOfInput(name), 'Write a YAML map of keys to values.')
  return undefined
}
