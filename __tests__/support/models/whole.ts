import { scalarText } from '../shape.ts'
import type { Presented } from './presented.ts'

/** What a platform holds that looks at three claims and no other. */
export interface Whole {
  readonly issuer: string
  readonly subject: string
  readonly audiences: readonly string[]
}

/** The first of the three that nothing fits, in the order in which they are looked at. */
export type Mismatch = 'issuer' | 'subject' | 'audience'

/** The entry that a token fits: issuer and subject are equal, by code unit, and one of the audiences is its own. */
export function fitting<T extends Whole>(
  entries: readonly T[],
  claims: Presented,
): { readonly entry: T } | { readonly flaw: Mismatch } {
  const byIssuer = entries.filter(({ issuer }) => issuer === claims.iss)
  if (byIssuer.length === 0) return { flaw: 'issuer' }
  const bySubject = byIssuer.filter(({ subject }) => subject === claims.sub)
  if (bySubject.length === 0) return { flaw: 'subject' }
  const presented = [claims.aud ?? []].flat().map(scalarText)
  const entry = bySubject.find(({ audiences }) => audiences.some((one) => presented.includes(one)))
  return entry ? { entry } : { flaw: 'audience' }
}
