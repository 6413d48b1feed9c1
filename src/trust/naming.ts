import { createHash } from 'node:crypto'
import type { TrustRequest } from '../trust.ts'
import { subjectsOf } from './rules.ts'

/** What names are made from. */
export type Named = Pick<TrustRequest, 'target' | 'issuer' | 'rules' | 'other'>

/** How a platform writes a name. */
export interface NameStyle {
  readonly prefix: string
  readonly separator: '_' | '-'
  readonly upper?: boolean
}

/** Snowflake's identifiers are the shortest of those that are named here. */
const LONGEST = 255

const GITHUB = 'https://token.actions.githubusercontent.com'

/**
 * The name of what stands for one target of one repository on the other side: `GH_ACME_DBT_PROD`. No other target and no
 * other repository has the same: where the characters of a name or its length do not tell them apart, a digest does.
 */
export function nameOf(request: Named, { prefix, separator, upper }: NameStyle): string {
  const { owners, parts } = partsOf(request)
  const { other } = request
  const words = parts.map((part) => part.replaceAll(/[^A-Za-z0-9]/g, separator))
  const cased = [other && prefix === 'GH' ? 'OIDC' : prefix, ...words].join(separator)
  const name = upper ? cased.toUpperCase() : cased.toLowerCase()
  // Repositories are the same in either case, targets are not. A separator within a part could as well end it.
  const whole =
    owners.length === 1 &&
    parts.length === 3 &&
    parts.every((part) => /^[A-Za-z0-9]+$/.test(part)) &&
    request.target === request.target.toLowerCase() &&
    !other &&
    isGitHub(request.issuer)
  if (whole && name.length <= LONGEST) return name
  const mark = digest(JSON.stringify([request.issuer, owners, request.target]), upper)
  return `${name.slice(0, LONGEST - mark.length - 1)}${separator}${mark}`
}

/** The name of one subject, or of one for an audience, among others of the same user: it stays what it is, whatever is granted beside it. */
export function nameOfSubject(
  { issuer, other }: Pick<Named, 'issuer' | 'other'>,
  subject: string,
  audience?: string,
): string {
  const told = audience === undefined ? [issuer, subject] : [issuer, subject, audience]
  return `${other ? 'OIDC' : 'GITHUB'}_${digest(JSON.stringify(told), true)}`
}

function partsOf({ rules, target, other }: Named): {
  readonly owners: readonly string[]
  readonly parts: string[]
} {
  if (other) {
    const told = rules.flatMap(({ when }) => other.owners.flatMap((claim) => when.get(claim) ?? []))
    return { owners: [...new Set(told)].toSorted(), parts: [other.name, target] }
  }
  const named = rules.flatMap(({ when }) => when.get('repository') ?? [])
  // A grant by `sub` alone names the repository in it.
  const all = named.length > 0 ? named : subjectsOf(rules)
  const owners = [...new Set(all.map((one) => one.toLowerCase()))].toSorted()
  const [first = ''] = owners
  return { owners, parts: [...first.split('/'), target] }
}

/** An enterprise may have a path of its own there; its repositories are the same. */
function isGitHub(issuer: string): boolean {
  return issuer === GITHUB || issuer.startsWith(`${GITHUB}/`)
}

function digest(text: string, upper = false): string {
  const hex = createHash('sha256').update(text).digest('hex').slice(0, 12)
  return upper ? hex.toUpperCase() : hex
}
