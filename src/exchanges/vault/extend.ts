import * as z from 'zod/mini'
import type { Credential, Lease } from '../../credential.ts'
import type { Io } from '../../exchange.ts'
import { call } from './api.ts'
import { after } from './secret.ts'
import type { Settings } from './settings.ts'

/** Milliseconds for both calls together. */
const PATIENCE = 15_000

const session = z.object({ auth: z.object({ lease_duration: z.number() }) })
const lease = z.object({ lease_duration: z.number() })

/**
 * Lets a lease live on by as much as it was given at first (`sys/leases/renew`), and before that the token of the login
 * (`auth/token/renew-self`), with which it would end; the policy `default` allows both. Vault goes no further than
 * `max_ttl` of either, so the new end may be no later than the old one.
 */
export async function extend<C extends Credential>(
  s: Settings,
  lent: C,
  { token, id }: Lease,
  io: Io,
): Promise<C> {
  const asked = { token, secrets: [token], left: PATIENCE } as const
  const now = io.now()
  const { auth } = await call(
    s,
    io,
    { ...asked, method: 'POST', path: 'auth/token/renew-self', body: {} },
    session,
  )
  const body = { lease_id: id }
  const given = await call(s, io, { ...asked, method: 'PUT', path: 'sys/leases/renew', body }, lease)
  return { ...lent, expiresAt: after(now, Math.min(given.lease_duration, auth.lease_duration || Infinity)) }
}
