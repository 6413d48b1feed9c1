import type { TrustDocument } from '../trust.ts'
import { differences, type KnownBy } from './refused.ts'
import { notHeld, type TrustRule } from './rules.ts'

/** What the other side compares of the grants, and what is left to this action. */
export interface Held extends Pick<TrustDocument, 'heldThere' | 'checkedHere'> {
  /** The same grant by grant, where the grants differ in it, and whom the statement refuses though a grant fits; in sentences. */
  readonly byGrant: readonly string[]
}

/** Sorts the claims of the rules by who compares them; a claim is held there only where that is so in every grant. */
export function heldBy(
  rules: readonly TrustRule[],
  held: (rule: TrustRule) => readonly string[],
  by: KnownBy = 'subject',
): Held {
  const checkedHere = notHeld(rules, held)
  const claims = [...new Set(rules.flatMap(({ when }) => [...when.keys()]))]
  const parts = rules.map((rule) => {
    const open = notHeld([rule], held)
    const there = [...rule.when.keys()].filter((claim) => !open.includes(claim))
    return { grant: rule.grant, there: listed(there), here: listed(open) }
  })
  const [first] = parts
  const alike = parts.every(({ there, here }) => there === first?.there && here === first.here)
  return {
    heldThere: claims.filter((claim) => !checkedHere.includes(claim)),
    checkedHere,
    byGrant: [
      ...(alike
        ? []
        : parts.map(
            ({ grant, there, here }) =>
              `Of the grant ${grant}: held there ${there}; checked by the action only ${here}.`,
          )),
      ...differences(rules, (rule) => notHeld([rule], held), by),
    ],
  }
}

function listed(claims: readonly string[]): string {
  return claims.length === 0 ? 'nothing' : claims.toSorted().join(', ')
}
