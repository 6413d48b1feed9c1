import * as z from 'zod/mini'
import type { Failure } from '../../errors.ts'
import type { HttpResponse } from '../../http.ts'
import { jsonIn } from '../../json.ts'
import { attemptFailed, isTransient, retryAfterOf } from '../../retry.ts'
import { without } from '../../http/without.ts'
import type { Call } from './api.ts'

/** Vault says each thing on a line of its own, and not more than a few. */
const LINES = 20

const refused = z.object({ errors: z.array(z.string()) })

/** What another answer than 200 and 204 says, in Vault's words, and what another try is worth. */
export function refusal(
  host: string,
  asked: Pick<Call, 'path' | 'secrets'>,
  reply: HttpResponse,
  now: Date,
): Error {
  const parsed = refused.safeParse(jsonIn(reply.body))
  const words = (parsed.success ? parsed.data.errors : [])
    .flatMap((one) => without(one, asked.secrets).split(/[\r\n]+/))
    .filter((one) => one.trim() !== '')
    .slice(0, LINES)
  const retryAfter = retryAfterOf(reply.headers['retry-after'], now, reply.status)
  if (reply.status === 503 && words.some((one) => /\bis sealed\b/.test(one)))
    return attemptFailed(sealed(host, words), { transient: true, retryAfter })
  // A fault of a plugin is a 500 with words: the database that it could not reach, or that did not like what it was told.
  const plugins = reply.status === 500 && words.length > 0
  // 472, 473: a standby that cannot answer; 412: one that has not caught up yet.
  if (!plugins && (isTransient(reply.status) || [412, 472, 473].includes(reply.status)))
    return attemptFailed(
      {
        code: 'exchange-unavailable',
        problem: `${host} answered with status ${reply.status}.`,
        remedy: 'Run the job again later.',
        details: words,
      },
      { transient: true, retryAfter },
    )
  if (reply.status === 404 && words.length === 0)
    return attemptFailed(
      {
        code: 'exchange',
        problem: `${host} has nothing at ${asked.path}.`,
        remedy:
          'Compare `path`, `mount` and `version` of `secret` with `vault kv get`; of a secret that was deleted there is nothing left to read.',
      },
      { transient: false },
    )
  return attemptFailed(
    {
      code: 'exchange',
      problem: `${host} refused ${asked.path} with status ${reply.status}.`,
      remedy:
        'Compare the claims of the token with the role (bound_claims, bound_audiences), and the policies of the role with the path.',
      details: words,
    },
    { transient: plugins },
  )
}

function sealed(host: string, details: readonly string[]): Failure {
  return {
    code: 'exchange-unavailable',
    problem: `${host} is sealed: it can read nothing of what it keeps, and gives nothing to anybody.`,
    remedy:
      'Somebody with the key shares has to unseal it (`vault operator unseal`), and whoever runs it to see why it was sealed: a restart without auto-unseal does that.',
    details,
  }
}
