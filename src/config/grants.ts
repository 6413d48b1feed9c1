import type { When } from '../policy.ts'
import { checkWhen, restriction } from '../policy/lint.ts'
import { isNull, type YamlMap, type YamlNode } from '../yaml.ts'
import type { TargetRules } from './build-target.ts'
import type { Problems } from './problems.ts'

/** Conditions together with the place of each claim, for messages. */
export interface Conditions {
  readonly when: When
  readonly places: ReadonlyMap<string, string>
  /** Claims of whose shape something is already said. */
  readonly broken?: ReadonlySet<string>
  /** A part could not be read, of which something is said: nobody knows what else was demanded. */
  readonly unread?: boolean
}

/** Reads a map of claim to pattern or list of patterns; their shape is checked here, their meaning by {@link checkConditions}. */
export function readWhen(node: YamlNode, problems: Problems): Conditions {
  const when = new Map<string, readonly string[]>()
  const places = new Map<string, string>()
  const broken = new Set<string>()
  const unread = node.kind !== 'map'
  if (node.kind === 'map') {
    for (const [claim, { key, value }] of node.entries) {
      const before = problems.count
      when.set(claim, readPatterns(claim, value, problems))
      if (problems.count > before) broken.add(claim)
      places.set(claim, key)
    }
  } else problems.add(node.place, 'Write a map of claims to patterns, e.g. `{ ref: refs/heads/main }`.')
  return { when, places, broken, unread }
}

function readPatterns(claim: string, node: YamlNode, problems: Problems): readonly string[] {
  const items = node.kind === 'list' ? node.items : [node]
  const patterns: string[] = []
  for (const item of items) {
    if (item.kind !== 'scalar') problems.add(item.place, `\`${claim}\` must be a text or a list of texts.`)
    else if (isNull(item)) {
      problems.add(
        item.place,
        `\`${claim}\` is empty, which could mean "absent" or "anything": leave the claim out, or write a pattern.`,
      )
    } else patterns.push(item.text)
  }
  return patterns
}

/** Checks what the inputs demand beside a policy file: each claim by itself, since the grants do the restricting. */
export function checkNarrowing(
  { when, places, broken }: Conditions,
  { problems }: Pick<TargetRules, 'problems'>,
): void {
  for (const { severity, claim, text } of checkWhen(when)) {
    if (severity === 'problem' && claim !== undefined && !broken?.has(claim))
      problems.add(places.get(claim) ?? 'inputs', text)
  }
}

/** Checks conditions whole, with what is implied, and holds them to the restriction rule; `paste` is YAML that keeps it. */
export function checkConditions(
  { when, places, broken, unread }: Conditions,
  place: string,
  rules: Pick<TargetRules, 'problems' | 'warn'>,
  paste: string,
): void {
  for (const { severity, about, claim, text } of checkWhen(when)) {
    if (claim !== undefined && broken?.has(claim)) continue
    const where = (claim === undefined ? undefined : places.get(claim)) ?? place
    if (severity === 'problem') rules.problems.add(where, text)
    else rules.warn(`${where}: ${text}`, about === 'name' ? 'configuration' : 'open-pattern')
  }
  if (unread || restriction(when)) return
  rules.problems.add(
    place,
    'Nothing restricts which runs of the repository are let through (an expression such as `${{ vars.X }}` without a ' +
      'value counts as absent). Add at least one of `ref`, `environment` or `claims`, e.g. `ref: refs/heads/main` ' +
      '(`ref: "**"` says "any branch" on purpose).',
  )
  rules.problems.offer(paste)
}

/** The value of a key, where there is one. */
export function entry(node: YamlMap, key: string): YamlNode | undefined {
  return node.entries.get(key)?.value
}
