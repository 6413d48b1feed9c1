import * as z from 'zod/mini'
import { DbtOidcError } from '../../errors.ts'
import { jsonIn } from '../../json.ts'
import { attemptFailed, isTransient, retryAfterOf } from '../../retry.ts'
import { isObject } from '../../token/json.ts'

/** An error of the SDK for which there was an answer. */
const answered = z.object({
  response: z.object({
    status: z.number(),
    headers: z.instanceof(Headers),
    data: z.unknown(),
  }),
})

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

/**
 * What the SDK threw, as an error of ours: with Google's own words where it refused, and whether to try again. It is no
 * `cause`, since it holds the request and so the token.
 */
export function refusalOf(error: unknown, now: Date): unknown {
  const ours = oursIn(error)
  if (ours) return ours
  const found = answered.safeParse(error)
  // A fault in the SDK or in us: shown as internal.
  if (!found.success) return error
  const { status, headers, data } = found.data.response
  const text = said.safeParse(data).data?.slice(0, LONGEST)
  const words = text ?? `status ${status}`
  const sentence = words.endsWith('.') ? words : `${words}.`
  if (isTransient(status)) {
    return attemptFailed(
      {
        code: 'exchange-unavailable',
        problem: `Google could not answer: ${sentence}`,
        remedy: 'Run the job again later; https://status.cloud.google.com says whether others see it too.',
      },
      { transient: true, retryAfter: retryAfterOf(headers.get('retry-after') ?? undefined, now, status) },
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

/** The same `fetch`, whose good answers are JSON: the SDK would make a fault of any other, with what stands in it. */
export function onlyJson(ask: typeof fetch): typeof fetch {
  return async (input, init) => {
    const answer = await ask(input, init)
    if (!answer.ok || isObject(jsonIn(await answer.clone().text()))) return answer
    const failure = {
      code: 'exchange-unavailable',
      problem: `Something else than Google answered: status ${answer.status}, and none of Google's JSON.`,
      remedy: 'Look for a proxy or a firewall between the runner and Google, and let the step through.',
    } as const
    throw attemptFailed(failure, { transient: false })
  }
}

/** The error of our own way out, or of GitHub's endpoint, inside what the SDK makes of it. */
function oursIn(error: unknown): DbtOidcError | undefined {
  if (error instanceof DbtOidcError) return error
  return error instanceof Error && error.cause !== undefined ? oursIn(error.cause) : undefined
}
