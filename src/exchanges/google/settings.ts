import * as z from 'zod/mini'

/** What stands under `identity:` for Google's workload identity federation. */
export interface GoogleSettings {
  /** Full resource name of the provider, as `gcloud … providers describe` prints it. */
  readonly provider: string
  /** Whose access token dbt gets. Absent: the federated identity itself has rights in BigQuery. */
  readonly 'service-account'?: string | undefined
  /** Service accounts between the federated identity and `service-account`, in the order of the delegation. */
  readonly delegates: readonly string[]
  /** Seconds that the service account's token lives. */
  readonly lifetime: number
  /** Google's public cloud, or one of the sovereign ones. */
  readonly universe: string
}

/** Google's public cloud. */
export const GOOGLEAPIS = 'googleapis.com'

/** Refuses a value with the sentence that says what to write instead. */
function refused<T>(problem: (value: T) => string | undefined): z.core.$ZodCheck<T> {
  return z.check<T>(({ value, issues }) => {
    const message = problem(value)
    if (message !== undefined) issues.push({ code: 'custom', message, input: value })
  })
}

const email = z.string().check(refused(emailProblem))

/** Checks the settings; each refusal says what to write. */
export const settings: z.ZodMiniType<GoogleSettings> = z
  .strictObject({
    provider: z.string().check(refused(providerProblem)),
    'service-account': z.optional(email),
    delegates: z._default(z.array(email), []),
    lifetime: z._default(z.number().check(refused(lifetimeProblem)), 3600),
    universe: z._default(z.string().check(refused(universeProblem)), GOOGLEAPIS),
  })
  .check(
    z.check(({ value, issues }) => {
      if (value.delegates.length === 0 || value['service-account'] !== undefined) return
      const message = 'stand before a service account: name the last one as `service-account`'
      issues.push({ code: 'custom', message, input: value.delegates, path: ['delegates'] })
    }),
  )

const PROVIDER = 'projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER'

function providerProblem(text: string): string | undefined {
  const bare = text.replace(/^(?:https?:)?\/\/(?:iam\.[^/]*\/)?/, '').replace(/^\/+/, '')
  if (bare !== text) return `is the bare resource name, without a host in front: write \`${bare}\``
  const [, project = '', pool = '', provider] =
    /^projects\/([^/]+)\/locations\/global\/workloadIdentityPools\/([^/]+)(?:\/providers\/([^/]+))?$/.exec(
      text,
    ) ?? []
  if (project === '')
    return `must be the full resource name of the provider: write \`${PROVIDER}\`, which \`gcloud iam workload-identity-pools providers describe\` prints as \`name\``
  if (provider === undefined) return `names a pool and no provider: write \`${text}/providers/PROVIDER\``
  if (!/^\d+$/.test(project))
    return `holds the project id \`${project}\` where Google wants the project's number: write the one that \`gcloud projects describe ${project} --format='value(projectNumber)'\` prints`
  const odd = [pool, provider].find((id) => !/^[a-z0-9-]{4,32}$/.test(id) || id.startsWith('gcp-'))
  return odd === undefined
    ? undefined
    : `holds \`${odd}\`, which is no id of a pool or provider: write 4 to 32 of a-z, 0-9 and \`-\`, not beginning with \`gcp-\``
}

function emailProblem(text: string): string | undefined {
  // Project-owned, domain-scoped (project.domain), default accounts, and those of sovereign clouds.
  if (/^[a-z0-9-]+@[a-z0-9.-]+\.gserviceaccount\.com$/.test(text)) return undefined
  const name = /([^/:]+@[^/:]+)$/.exec(text)?.[1]
  const written = name !== undefined && name !== text && emailProblem(name) === undefined
  return written
    ? `is the email alone: write \`${name}\``
    : 'must be the email of a service account: write `NAME@PROJECT.iam.gserviceaccount.com`'
}

function lifetimeProblem(seconds: number): string | undefined {
  if (Number.isInteger(seconds) && seconds >= 600 && seconds <= 43_200) return undefined
  return 'must be whole seconds from 600 to 43200; above 3600 the organisation policy `iam.allowServiceAccountCredentialLifetimeExtension` must list the service account'
}

/** The token is sent to hosts of this domain: only Google's own, and those it names as operated by a partner. */
function universeProblem(text: string): string | undefined {
  if (text === GOOGLEAPIS || text === 's3nsapis.fr' || /^(?:[a-z0-9-]+\.)*[a-z0-9-]+\.goog$/.test(text))
    return undefined
  return `is no universe of Google: write \`${GOOGLEAPIS}\` (or leave it out), \`s3nsapis.fr\`, or a name that ends in \`.goog\``
}

/** The parts of a provider's name that IAM's own names are made of. */
export function partsOf(provider: string): { readonly pool: string; readonly id: string } {
  const [pool = '', id = ''] = provider.split('/providers/')
  return { pool, id }
}
