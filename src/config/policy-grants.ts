import { nearest } from '../nearest.ts'
import type { OtherIssuer } from '../other-issuer.ts'
import type { Grant, When } from '../policy.ts'
import type { YamlMap, YamlNode } from '../yaml.ts'
import type { TargetRules } from './build-target.ts'
import { checkConditions, entry, readWhen, type Conditions } from './grants.ts'
import { checkOther } from './issuers.ts'
import { checkPins, pinsOf } from './pins.ts'
import { REPOSITORY, type PolicyFile } from './policy-file.ts'
import { reviewAge, reviewLimits } from './review.ts'
import type { Sources } from './sources.ts'

/** What a grant without a restriction is offered. */
const RESTRICTED = `when:
  ref: refs/heads/main # or "**": any branch, on purpose
  # environment: production
  # event_name: push`

/** What a grant is read with. */
export interface GrantContext {
  readonly sources: Sources
  readonly rules: TargetRules
  readonly narrow: When
  readonly issuers: ReadonlyMap<string, OtherIssuer>
}

/** Reads the grants of a policy file; those that cannot be read are left out, with a problem. */
export function readGrants(
  node: YamlMap,
  policy: PolicyFile | undefined,
  context: GrantContext,
): readonly Grant[] {
  const section = entry(node, 'grants')
  if (section?.kind !== 'list') return []
  const named = scalarText(entry(node, 'repository'))
  // What is no name of a repository is told where it stands, and not of each grant again.
  const repository = named !== undefined && REPOSITORY.test(named) ? named : context.sources.repository
  const implied: Implied = { repository, pins: pinsOf(node) }
  const grants: Grant[] = []
  const names = targetNames(node)
  for (const [index, item] of section.items.entries()) {
    if (item.kind !== 'map') continue
    const grant = readGrant(item, index, implied, context)
    if (!grant) continue
    checkTarget(item, grant, names, context.rules)
    checkAge(item, grant, policy, context)
    grants.push(grant)
  }
  checkUnique(grants, context.rules)
  return grants
}

/** Where there is no map of targets, that is said, and every grant would name one that is not there. */
function checkTarget(
  item: YamlMap,
  { target }: Grant,
  names: readonly string[] | undefined,
  { problems }: TargetRules,
): void {
  if (!names || names.includes(target)) return
  const near = nearest(target, names)
  problems.add(
    entry(item, 'target')?.place ?? item.place,
    `There is no target \`${target}\`${near ? `; did you mean \`${near}\`?` : '.'}`,
  )
}

/** What holds in every grant: the ids that the policy pins, and `repository` where the grant names none. */
interface Implied {
  readonly repository: string
  readonly pins: When
}

function readGrant(
  item: YamlMap,
  index: number,
  { repository, pins }: Implied,
  { rules, narrow, issuers }: GrantContext,
): Grant | undefined {
  const [whenNode, target] = [entry(item, 'when'), entry(item, 'target')]
  if (!whenNode || target?.kind !== 'scalar') return undefined
  const read = readWhen(whenNode, rules.problems)
  const issuer = issuerOfGrant(item, issuers, rules)
  if (issuer === 'unknown') return undefined
  // What a policy implies is about the repository at GitHub, of which another issuer knows nothing.
  const implied = issuer ? [] : ([['repository', [repository]], ...pins] as const)
  const written = issuer ? read : checkPins(pins, read, rules.problems)
  const when = new Map([...implied, ...written.when])
  if (whenNode.kind === 'map') checkMeaning({ ...written, when }, whenNode.place, issuer, rules)
  const [name, reviewed] = [scalarText(entry(item, 'name')), scalarText(entry(item, 'reviewed'))]
  return {
    name: name ?? `grants[${index}]`,
    target: target.text,
    when,
    ...(narrow.size === 0 ? {} : { narrow }),
    ...(reviewed === undefined ? {} : { reviewed }),
    ...(issuer ? { issuer: issuer.name } : {}),
    place: item.place,
  }
}

function checkMeaning(
  conditions: Conditions,
  place: string,
  issuer: OtherIssuer | undefined,
  rules: TargetRules,
): void {
  if (issuer) checkOther(conditions, place, issuer, rules)
  else checkConditions(conditions, place, rules, RESTRICTED)
}

/** The issuer that a grant names; undefined: GitHub. */
function issuerOfGrant(
  item: YamlMap,
  issuers: GrantContext['issuers'],
  { problems }: TargetRules,
): OtherIssuer | 'unknown' | undefined {
  const from = entry(item, 'issuer')
  if (!from) return undefined
  const name = scalarText(from) ?? ''
  const issuer = issuers.get(name)
  if (issuer) return issuer
  problems.add(
    from.place,
    `There is no issuer \`${name}\` under \`issuers\`; without \`issuer\` a grant is for GitHub.`,
  )
  return 'unknown'
}

function checkAge(item: YamlMap, grant: Grant, policy: PolicyFile | undefined, context: GrantContext): void {
  if (grant.reviewed === undefined) return
  const place = entry(item, 'reviewed')?.place ?? item.place
  const age = reviewAge(grant.reviewed, context.sources.today)
  if ('problem' in age) {
    if (/^\d{4}-\d{2}-\d{2}$/.test(grant.reviewed)) context.rules.problems.add(place, age.problem)
    return
  }
  const { warn, fail } = reviewLimits(policy?.review)
  if (fail !== undefined && age.days > fail) {
    context.rules.problems.add(
      place,
      `The grant was last reviewed ${age.days} days ago; \`review.fail\` allows ${fail}.`,
    )
  } else if (age.days > warn) {
    const text = `${place}: the grant \`${grant.name}\` was last reviewed ${age.days} days ago.`
    context.rules.warn(text, 'review-age')
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

/** The names of the targets, also of those that are wrong; undefined where there is no map of them. */
export function targetNames(node: YamlMap): readonly string[] | undefined {
  const targets = entry(node, 'targets')
  return targets?.kind === 'map' ? [...targets.entries.keys()] : undefined
}

function scalarText(node: YamlNode | undefined): string | undefined {
  return node?.kind === 'scalar' ? node.text : undefined
}
