import type { Place } from '../aws/place.ts'
import type { Keyed } from './settings.ts'

/** The settings of the exchange `aws` for the role that trades. */
export function first({ role, region }: Keyed) {
  return { role, region, duration: 900 }
}

/** The host of Identity Center's OAuth service. */
export function hostOf({ region, partition }: Pick<Place, 'region' | 'partition'>): string {
  return `oidc.${region}.${partition.suffix}`
}
