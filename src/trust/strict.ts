import { fail } from '../errors.ts'
import { isLiteral } from '../pattern.ts'
import type { TrustDocument } from '../trust.ts'
import type { TrustRule } from './rules.ts'

/** A target with what is written for it. */
export interface Asked {
  readonly target: string
  readonly rules: readonly TrustRule[]
  readonly documents: readonly TrustDocument[]
}

/**
 * Throws `configuration` where the action alone checks a condition of a target: of the one that is named, else of those
 * that lead to production, by their name or their environment.
 */
export function refuseOpen(asked: readonly Asked[], named: string | undefined): void {
  const judged = named === undefined ? asked.filter(isProduction) : asked
  const open = judged.map((one) => ({ one, claims: openOf(one) })).filter(({ claims }) => claims.length > 0)
  if (open.length === 0) return
  fail({
    code: 'configuration',
    problem: `${open.map(({ one }) => one.target).join(', ')}: the action alone checks conditions that the other side does not compare.`,
    remedy:
      'Let `sub` hold them (GitHub\'s "customization of the subject claim"), write the subject into the grant beside them, or go by a platform that sees the claims (aws, google).',
    details: open.flatMap(({ one, claims }) => [
      `${one.target}: ${claims.join(', ')}`,
      ...repairs(one, claims),
    ]),
  })
}

function isProduction({ target, rules }: Asked): boolean {
  const names = [target, ...rules.flatMap(({ when }) => when.get('environment') ?? [])]
  return names.some((name) => /prod/i.test(name))
}

/** A token has to get past all of the documents: what one of them compares is compared. */
function openOf({ rules, documents }: Asked): readonly string[] {
  if (rules.length === 0) return []
  const held = documents.flatMap(({ heldThere }) => heldThere)
  const open = documents.flatMap(({ checkedHere }) => checkedHere).filter((claim) => !held.includes(claim))
  return [...new Set(open)].toSorted()
}

/** What a customized subject would be, grant by grant, and the rule of an environment that does for a branch. */
function repairs({ rules }: Asked, claims: readonly string[]): readonly string[] {
  return rules.flatMap((rule) => {
    const { grant, when, subjects, other } = rule
    if (other)
      return [
        `  ${grant}: name each claim of which the subject of ${other.issuer.name} is made, or write it out.`,
      ]
    const [repository = ''] = when.get('repository') ?? []
    const [subject = ''] = subjects
    const missing = claims.filter((claim) => !rule.heldBySubject.includes(claim))
    const values = missing.map((claim) => [claim, when.get(claim) ?? []] as const)
    const vague = values.filter(
      ([, [value, ...more]]) => value === undefined || more.length > 0 || !isLiteral(value),
    )
    const lines = vague.map(([claim]) => `  ${grant}: give ${claim} one literal value first.`)
    if (vague.length > 0 || !rule.exact || missing.length === 0) return lines
    const keys = JSON.stringify({ use_default: false, include_claim_keys: ['repo', 'context', ...missing] })
    const pairs = values.map(([claim, [value = '']]) => `${claim}:${value.replaceAll(':', '%3A')}`)
    return [
      `  ${grant}: echo '${keys}' | gh api --method PUT repos/${repository}/actions/oidc/customization/sub --input -`,
      `  and beside its conditions: sub: "${[subject, ...pairs].join(':')}"`,
      ...(missing.includes('ref') && when.has('environment')
        ? [
            '  or let the environment on GitHub allow deployments from that branch alone, which doctor then checks.',
          ]
        : []),
    ]
  })
}
