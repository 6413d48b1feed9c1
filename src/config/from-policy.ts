import { resolve } from 'node:path'
import type { Rules } from '../config.ts'
import { readYaml, type YamlEntry, type YamlMap } from '../yaml.ts'
import { readAudience } from './audience.ts'
import { buildTarget, type TargetRules } from './build-target.ts'
import { readConnection } from './connection.ts'
import { checkNarrowing, entry } from './grants.ts'
import { readNarrowing } from './narrowing.ts'
import { input, leaves, placeOfInput } from './options.ts'
import { readIssuers } from './issuers.ts'
import { checkPins, pinsOf } from './pins.ts'
import { policyKeysAt, policyFile } from './policy-file.ts'
import { factsOf, placeOf, POLICY_PATH, readPlace, type PolicyFacts } from './policy-place.ts'
import type { Problems } from './problems.ts'
import { readGrants, targetNames } from './policy-grants.ts'
import { reviewLimits } from './review.ts'
import { asText, check } from './schema.ts'
import { readNeeded, type Sources } from './sources.ts'
import type { Target } from './target.ts'
import { nearest } from '../nearest.ts'

const REFUSED = ['connection', 'identity', 'profiles-dir', 'profile', 'audience'] as const

const NOTHING = {
  targets: new Map(),
  grants: [],
  asked: undefined,
  issuer: undefined,
  issuers: new Map(),
  review: reviewLimits(undefined),
}

/** Reads targets and grants from the policy file; inputs may only narrow it. */
export async function fromPolicy(sources: Sources, rules: TargetRules): Promise<Rules> {
  const path = input(sources, 'config') ?? POLICY_PATH
  for (const name of REFUSED) {
    if (input(sources, name) === undefined) continue
    rules.problems.add(
      placeOfInput(name),
      `It has no say beside the policy file \`${path}\`: write it there, or remove the file.`,
    )
  }
  const narrowing = readNarrowing(sources, rules.problems)
  checkNarrowing(narrowing, rules)
  const { node, facts } = await readRoot(path, sources, rules)
  if (!node) return { ...NOTHING, origin: path }
  const { value, problems: faults } = check(policyFile, asText(node), node, policyKeysAt)
  checkPins(pinsOf(node), narrowing, rules.problems)
  // A file that does not fit as a whole still has its targets and grants looked at: all problems at once.
  const issuers = readIssuers(node, rules)
  const placeholders = new Set([...issuers.values()].flatMap(({ claims }) => claims))
  const targets = readTargets(node, { ...rules, placeholders })
  const grants = readGrants(node, value, { sources, rules, narrow: narrowing.when, issuers })
  // Who reads a part of the file says more of it than the schema can.
  rules.problems.addAll(faults.filter(({ place }) => !rules.problems.has(place)))
  const issuer = entry(node, 'issuer')
  return {
    targets,
    grants,
    asked: readAsked(node, path, sources, rules),
    issuers,
    issuer: issuer?.kind === 'scalar' ? issuer : undefined,
    review: reviewLimits(value?.review),
    origin: path,
    ...(facts && { policy: facts }),
  }
}

function readAsked(
  node: YamlMap,
  path: string,
  sources: Sources,
  { problems }: TargetRules,
): string | undefined {
  const asked = input(sources, 'target')
  const known = targetNames(node)
  if (asked === undefined || !known || known.includes(asked)) return asked
  const near = nearest(asked, known)
  problems.add(
    placeOfInput('target'),
    `\`${path}\` has no target \`${asked}\`${near ? `; did you mean \`${near}\`?` : '.'} It has: ${known.join(', ') || 'none'}.`,
  )
  return asked
}

interface Root {
  readonly node?: YamlMap
  readonly facts?: PolicyFacts
}

async function readRoot(path: string, sources: Sources, rules: TargetRules): Promise<Root> {
  const { problems } = rules
  const read = await readText(path, sources, problems)
  if (read === undefined) return {}
  await rules.registries.mentioned?.(read.text)
  const facts = factsOf(path, read.text, read.commit)
  const { node, problems: faults } = readYaml(read.text, path)
  problems.addAll(faults)
  if (faults.length > 0) return {}
  if (node?.kind === 'map') return { node, facts }
  problems.add(
    path,
    node
      ? 'The policy file must be a map with `targets` and `grants`.'
      : 'The policy file is empty: it needs `targets` and `grants`.',
  )
  return {}
}

/** The text, and its commit where it is a file of another repository. */
async function readText(
  path: string,
  sources: Sources,
  problems: Problems,
): Promise<{ readonly text: string; readonly commit: string | null } | undefined> {
  const elsewhere = placeOf(path)
  if (elsewhere) return readPlace(path, elsewhere, sources, problems)
  // A ref that is missing or none must not make a file of the checkout, which others may write, out of it.
  if (path.includes('@')) {
    problems.add(
      placeOfInput('config'),
      `\`${path}\` reads like OWNER/REPOSITORY/PATH@REF and is none: the path ends in .yml or .yaml, and the ref is a branch, a tag or a commit.`,
    )
    return undefined
  }
  const absolute = resolve(sources.workspace, path)
  if (!sources.policyAnywhere && leaves(sources.workspace, absolute)) {
    problems.add(placeOfInput('config'), `\`${path}\` leads out of the workspace.`)
    return undefined
  }
  const place = input(sources, 'config') === undefined ? path : placeOfInput('config')
  const text = await readNeeded(absolute, path, place, sources, problems)
  return text === undefined ? undefined : { text, commit: null }
}

function readTargets(node: YamlMap, rules: TargetRules): ReadonlyMap<string, Target> {
  const section = entry(node, 'targets')
  if (section?.kind !== 'map') return new Map()
  const targets = [...section.entries].map(([name, at]) => readTarget(name, at, rules))
  return new Map(targets.filter((target) => target !== undefined).map((target) => [target.name, target]))
}

function readTarget(name: string, { key, value }: YamlEntry, rules: TargetRules): Target | undefined {
  // The schema does not look behind this name, so an unknown key there would go unseen.
  if (name === '__proto__') rules.problems.add(key, 'A target cannot be named `__proto__`.')
  if (value.kind !== 'map') return undefined
  const connection = entry(value, 'connection')
  if (connection?.kind !== 'map') return undefined
  const source = {
    name,
    connection: readConnection(connection, rules),
    node: connection,
    identity: entry(value, 'identity'),
    audience: readAudience(entry(value, 'audience'), rules.problems),
  }
  return buildTarget(source, rules)
}
