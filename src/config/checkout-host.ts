import type { Acceptable, BoundWarehouse } from '../warehouse.ts'

/** What of a target decides whether its host may come from a file of the checkout. */
export interface FromCheckout {
  readonly bound: BoundWarehouse
  readonly via: string
  readonly kind: Acceptable['kind']
  /** Named by the user: it need not fit the host. */
  readonly audience: string | undefined
}

const REMEDY = 'Write the connection into the workflow (`connection`) or the policy file.'

/**
 * Why a host that an existing profiles.yml names may not get this credential; undefined where it may. Whoever can change
 * that file could send it to a server of their own: what only works at that host, or at hosts of the vendor, may go there,
 * and what works elsewhere, too, may not.
 */
export function strangerFlaw(host: string, { bound, via, kind, audience }: FromCheckout): string | undefined {
  if (kind === 'bearer' && !bound.vendorsHostsOnly)
    return `\`${host}\` comes from a profiles.yml of the checkout, and the token of \`via: ${via}\` would be good for more than this host. ${REMEDY}`
  if (kind === 'id-token' && audience !== undefined && bound.want(via).audience?.includes(host))
    return `\`${host}\` comes from a profiles.yml of the checkout, and with \`audience\` the token would not be for this host alone. Leave \`audience\` out, or: ${lower(REMEDY)}`
  return undefined
}

function lower(sentence: string): string {
  return sentence.charAt(0).toLowerCase() + sentence.slice(1)
}
