import * as z from 'zod/mini'
import { fail } from '../../errors.ts'
import type { Io } from '../../exchange.ts'
import type { HttpResponse } from '../../http.ts'
import { jsonIn } from '../../json.ts'
import { refusal } from './refusal.ts'
import type { Login } from './settings.ts'

/** Milliseconds for one request. */
const DEADLINE = 15_000

/** Which server, and whose part of it. */
export type Server = Pick<Login, 'url' | 'namespace'>

/** One call of Vault's HTTP API (developer.hashicorp.com/vault/api-docs). */
export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT'
  /** Behind `/v1/`. */
  readonly path: string
  readonly body?: Readonly<Record<string, unknown>>
  /** A client token; absent for a login. */
  readonly token?: string
  /** Milliseconds that are left. */
  readonly left?: number
  /** What must not come back in a sentence. */
  readonly secrets: readonly string[]
}

/** Calls once and parses the answer. Throws `exchange` or `exchange-unavailable`, each saying what another try is worth. */
export async function call<T>(s: Server, io: Io, asked: Call, answer: z.ZodMiniType<T>): Promise<T> {
  const reply = await send(s, io, asked)
  const parsed = answer.safeParse(jsonIn(reply.body))
  if (parsed.success) return parsed.data
  return fail({
    code: 'exchange',
    problem: `${hostOf(s)} answered ${asked.path} with something else than Vault's documentation says.`,
    remedy:
      'Check that the address is that of a Vault or OpenBao server, and that the path is of the right engine.',
  })
}

/** Calls once for an answer that says nothing (204). */
export async function order(s: Server, io: Io, asked: Call): Promise<void> {
  await send(s, io, asked)
}

async function send(s: Server, io: Io, asked: Call): Promise<HttpResponse> {
  const reply = await io.http({
    url: `${io.at(s.url.replace(/\/+$/, ''))}/v1/${asked.path}`,
    method: asked.method,
    headers: {
      accept: 'application/json',
      // Without it a proxy that was led astray could make Vault do something (api-docs, "X-Vault-Request").
      'x-vault-request': 'true',
      ...(s.namespace === undefined ? {} : { 'x-vault-namespace': s.namespace }),
      ...(asked.token === undefined ? {} : { 'x-vault-token': asked.token }),
      ...(asked.body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(asked.body === undefined ? {} : { body: JSON.stringify(asked.body) }),
    deadline: Math.min(DEADLINE, asked.left ?? DEADLINE),
    ...(io.signal && { signal: io.signal }),
  })
  if (reply.status === 200 || reply.status === 204) return reply
  throw refusal(hostOf(s), asked, reply, io.now())
}

/** As sentences name the server. */
export function hostOf({ url }: Pick<Login, 'url'>): string {
  return new URL(url).host
}
