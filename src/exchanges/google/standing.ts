import * as z from 'zod/mini'
import { DbtOidcError } from '../../errors.ts'
import { fetchOver } from '../../http/fetch.ts'
import { visible } from '../../policy/visible.ts'
import type { Standing } from '../../trust/standing.ts'
import type { Statement } from '../../trust/statement.ts'
import { reader } from './read.ts'
import type { GoogleSettings } from './settings.ts'

const SCOPE = 'https://www.googleapis.com/auth/cloud-platform'

/** An answer of Google's that is an error (google.rpc.Status), inside what its library throws. */
const refusal = z.object({ response: z.object({ status: z.number(), data: z.unknown() }) })
const words = z.object({ error: z.object({ message: z.string(), status: z.optional(z.string()) }) })

/** The same of the token endpoint (RFC 6749 5.2), which knows the login no more. */
const loginRefusal = z.object({ error: z.string(), error_description: z.optional(z.string()) })

/**
 * The provider as it is now (iam.workloadIdentityPoolProviders.get), asked with application default credentials. A
 * provider that is not there is none.
 */
export async function standing(
  { provider, universe }: GoogleSettings,
  { io, env }: Standing,
): Promise<readonly Statement[]> {
  const { GoogleAuth, gaxios } = await import('google-auth-library')
  const transporter = new gaxios.Gaxios({
    fetchImplementation: fetchOver(io),
    retryConfig: { retry: 0 },
  })
  const auth = new GoogleAuth({ scopes: [SCOPE], clientOptions: { transporter, universeDomain: universe } })
  const client = await auth.getClient().catch((error: unknown) => noLogin(error, env))
  try {
    const { data } = await client.request<unknown>({ url: `https://iam.${universe}/v1/${provider}` })
    const found = await reader.read(data)
    return found ?? failed('Google answered with something that is no provider.', 'Try again.')
  } catch (error) {
    const { response } = refusal.safeParse(error).data ?? {}
    if (response?.status === 404) return []
    if (response) return refused(provider, response)
    throw oursIn(error) ?? error
  }
}

/** Without the library's own words, which may hold a piece of the file. */
function noLogin(error: unknown, { GOOGLE_APPLICATION_CREDENTIALS: path }: Standing['env']): never {
  const ours = oursIn(error)
  if (ours) throw ours
  return failed(
    path
      ? `Google's library cannot read a login from ${visible(path)}, which GOOGLE_APPLICATION_CREDENTIALS names.`
      : "Google's library finds no application default credentials on this machine.",
    'Log in by `gcloud auth application-default login`, or give what `gcloud iam workload-identity-pools providers describe --format json` prints.',
  )
}

function refused(provider: string, response: { readonly status: number; readonly data: unknown }): never {
  const login = loginRefusal.safeParse(response.data).data
  if (login)
    return failed(
      `Google does not take the login of this machine: ${visible([login.error, login.error_description ?? ''].join(' ').trim()).slice(0, 600)}.`,
      'Log in anew by `gcloud auth application-default login`.',
    )
  const { error } = words.safeParse(response.data).data ?? {}
  const said = error
    ? `${error.status ?? response.status}: ${visible(error.message).slice(0, 600)}`
    : `status ${response.status}`
  return failed(
    `Google does not tell how ${provider} stands: ${said}`,
    'The login needs iam.workloadIdentityPoolProviders.get, which roles/iam.workloadIdentityPoolViewer holds.',
  )
}

function failed(problem: string, remedy: string): never {
  throw new DbtOidcError({ code: 'configuration', problem, remedy })
}

/** The error of our own way out, inside what the library makes of it. */
function oursIn(error: unknown): DbtOidcError | undefined {
  if (error instanceof DbtOidcError) return error
  return error instanceof Error ? oursIn(error.cause) : undefined
}
