import * as z from 'zod/mini'
import { fail } from '../../errors.ts'
import type { HttpResponse } from '../../http.ts'
import { jsonIn } from '../../json.ts'
import { attemptFailed, isTransient, retryAfterOf } from '../../retry.ts'
import { without } from '../../http/without.ts'

/** How the token service (RFC 6749 5.2) and IAM (google.rpc.Status) say what is wrong. */
const said = z.union([
  z.pipe(
    z.object({ error: z.string(), error_description: z.optional(z.string()) }),
    z.transform(({ error, error_description: text }) => (text === undefined ? error : `${error}: ${text}`)),
  ),
  z.pipe(
    z.object({ error: z.object({ message: z.string(), status: z.optional(z.string()) }) }),
    z.transform(({ error: { message, status } }) =>
      status === undefined ? message : `${status}: ${message}`,
    ),
  ),
])

/** Longer texts are pages of something in between. */
const LONGEST = 600

/** A refusal in Google's own words, and whether to try again. */
export function refusalOf({ status, headers, body }: HttpResponse, secret: string, now: Date): Error {
  const { data } = said.safeParse(jsonIn(body))
  const words = data === undefined ? `status ${status}` : without(data, [secret]).slice(0, LONGEST)
  const sentence = words.endsWith('.') ? words : `${words}.`
  if (isTransient(status)) {
    return attemptFailed(
      {
        code: 'exchange-unavailable',
        problem: `Google could not answer: ${sentence}`,
        remedy: 'Run the job again later; https://status.cloud.google.com says whether others see it too.',
      },
      { transient: true, retryAfter: retryAfterOf(headers['retry-after'], now, status) },
    )
  }
  return attemptFailed(
    {
      code: 'exchange',
      problem: `Google refused: ${sentence}`,
      remedy: 'Compare the provider and its bindings with what `dbt-oidc trust` prints.',
    },
    // The text for a token that was too old on arrival; the next one is fresh.
    { transient: words.includes('stale to sign-in'), tries: 2 },
  )
}

/** A good answer that is no JSON: a page of something in between, of which nothing is shown. */
export function foreign(status: number): Error {
  const failure = {
    code: 'exchange-unavailable',
    problem: `Something else than Google answered: status ${status}, and none of Google's JSON.`,
    remedy: 'Look for a proxy or a firewall between the runner and Google, and let the step through.',
  } as const
  return attemptFailed(failure, { transient: false })
}

/** Google's JSON without what was asked for, or with something else in its place. */
export function noToken(): never {
  return fail({
    code: 'exchange',
    problem: 'Google answered without an access token.',
    remedy: 'Run the job again; if it stays so, something between the runner and Google changes the answers.',
  })
}
