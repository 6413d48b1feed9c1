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

/**
 * The provider as it is now (iam.workloadIdentityPoolProviders.get), asked with application default credentials. A
 * provider that is not there is none.
 */
export async function standing(
  { provider, universe }: GoogleSettings,
  { io }: Standing,
): Promise<readonly Statement[]> {
  const { GoogleAuth, gaxios } = await import('google-auth-library')
  const transporter = new gaxios.Gaxios({
    fetchImplementation: fetchOver(io),
    retryConfig: { retry: 0 },
  })
  const auth = new GoogleAuth({ scopes: [SCOPE], clientOptions: { transporter, universeDomain: universe } })
  try {
    const { data } = await auth.request<unknown>({ url: `https://iam.${universe}/v1/${provider}` })
    const found = await reader.read(data)
    return found ?? failed('Google answered with something that is no provider.', 'Try again.')
  } catch (error) {
    const { response } = refusal.safeParse(error).data ?? {}
    if (response?.status === 404) return []
    if (response) return refused(provider, response)
    if (error instanceof Error && /could not load the default credentials/i.test(error.message))
      return failed(
        "Google's library finds no application default credentials on this machine.",
        'Log in by `gcloud auth application-default login`, or give what `gcloud iam workload-identity-pools providers describe --format json` prints.',
      )
    throw oursIn(error) ?? error
  }
}

function refused(provider: string, response: { readonly status: number; readonly data: unknown }): never {
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
