import type * as z from 'zod/mini'

/** dbt takes both names for it. */
export interface Hosted {
  readonly host?: string | undefined
  readonly server?: string | undefined
}

/** The server, by whichever name it was given; empty where it has none. */
export function hostOf({ host, server }: Hosted): string {
  return host ?? server ?? ''
}

/** A check of a connection: that a host is there by one of its names. */
export function namesHost(message: string): (payload: z.core.ParsePayload<Hosted>) => void {
  return ({ value, issues }) => {
    if (value.host === undefined && value.server === undefined)
      issues.push({ code: 'custom', path: ['host'], message, input: value })
  }
}
