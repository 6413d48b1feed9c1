import * as z from 'zod/mini'
import { isToken } from '../../credential.ts'
import type { Io } from '../../exchange.ts'
import { call } from './api.ts'
import type { Session } from './secret.ts'
import type { Login } from './settings.ts'

const answer = z.object({
  auth: z.object({ client_token: z.string().check(z.refine(isToken)), lease_duration: z.number() }),
})

/** Trades an ID token for a client token of Vault (JWT auth method, login). */
export async function logIn(s: Login, jwt: string, io: Io, left: number): Promise<Session> {
  const path = `auth/${s.mount}/login`
  const body = { role: s.role, jwt }
  const { auth } = await call(s, io, { method: 'POST', path, body, secrets: [jwt], left }, answer)
  io.mask(auth.client_token)
  return { token: auth.client_token, seconds: auth.lease_duration }
}
