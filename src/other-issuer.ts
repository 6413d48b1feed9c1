import { FACTS, type Kind } from './other-issuer/kinds.ts'
import { isLiteral } from './pattern.ts'

/** An issuer beside GitHub, as the policy declares it under `issuers`. */
export interface OtherIssuer {
  readonly name: string
  /** Exactly as the `iss` claim has it. */
  readonly url: string
  readonly like: Kind | undefined
  /** Claims that a grant may name; those of an object by their way, `kubernetes.io/namespace`. No others are ever looked at. */
  readonly claims: readonly string[]
  /** Claims that tell whose the token is: many strangers share one issuer, so that each grant must name one. */
  readonly owners: readonly string[]
}

/** The claims that a kind is known to have; none for an issuer that is like no other. */
export function claimsOfKind(kind: Kind | undefined): readonly string[] {
  return kind ? FACTS[kind].claims : ['sub']
}

/** The claims of a kind that tell whose a token is. */
export function ownersOfKind(kind: Kind | undefined): readonly string[] {
  return kind ? FACTS[kind].owners : ['sub']
}

/** The claims that a grant would name in order to let one job in, and hardly another. */
export function nameable({ like, claims }: OtherIssuer): readonly string[] {
  return like ? FACTS[like].nameable : claims
}

/** Whether a platform that compares texts can compare the claim. */
export function isText({ like }: OtherIssuer, claim: string): boolean {
  return like === undefined || !FACTS[like].notText.includes(claim)
}

/** The names that lead to a claim in the token; undefined where nobody has said whether a slash is part of its name. */
export function wayTo({ like }: OtherIssuer, claim: string): readonly string[] | undefined {
  if (like === undefined) return claim.includes('/') ? undefined : [claim]
  return FACTS[like].nested ? claim.split('/') : [claim]
}

/** Whether a claim is the same in every run of its owner. */
export function inEveryRun({ like }: OtherIssuer, claim: string): boolean {
  return like !== undefined && FACTS[like].everyRun.includes(claim)
}

/** Whether a pattern of an owner's claim leaves open who that is. */
export function namesOwner({ like }: OtherIssuer, claim: string, pattern: string): boolean {
  if (isLiteral(pattern)) return true
  const begins = like === undefined ? undefined : FACTS[like].begins[claim]
  if (begins) return begins.test(pattern)
  // `acme/**` is whatever belongs to acme; a star in front, or an id with one, is anybody.
  return claim !== 'sub' && /^[^*/]+\//.test(pattern)
}

/** Why what a grant names says nothing sure, and the claim that it is about; undefined where there is nothing to say. */
export function lonely(
  { like }: OtherIssuer,
  names: readonly string[],
): { readonly claim: string; readonly why: string } | undefined {
  const rule = like === undefined ? undefined : FACTS[like].together
  if (!rule || !names.includes(rule.claim) || names.some((name) => rule.beside.includes(name)))
    return undefined
  return rule
}

/** What to do where a token is for another audience. */
export function audienceRemedy({ like }: OtherIssuer, audience: string): string {
  return like
    ? FACTS[like].audience(audience)
    : `Have the token made for the audience '${audience}', or set \`audience\` of the target to the one that it has.`
}

/** Every claim of a payload that the issuer is declared to have, as text; a name that two ways lead to is nobody's. */
export function claimsOf(
  payload: Readonly<Record<string, unknown>>,
  { claims }: OtherIssuer,
): Map<string, string> {
  const found = new Map<string, string>()
  const twice = new Set<string>()
  const take = (value: unknown, name: string, depth: number): void => {
    if (typeof value === 'string' || typeof value === 'boolean' || Number.isSafeInteger(value)) {
      if (!claims.includes(name)) return
      if (found.has(name)) twice.add(name)
      found.set(name, String(value))
    } else if (typeof value === 'object' && value !== null && !Array.isArray(value) && depth < DEEPEST)
      for (const [key, inner] of Object.entries(value)) take(inner, `${name}/${key}`, depth + 1)
  }
  for (const [name, value] of Object.entries(payload)) take(value, name, 0)
  for (const name of twice) found.delete(name)
  return found
}

/** Objects within objects that are looked into. */
const DEEPEST = 4
