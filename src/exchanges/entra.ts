import * as z from 'zod/mini'
import type { Mint } from '../claims.ts'
import type { IdTokenCredential } from '../credential.ts'
import { exchange, type Want } from '../exchange.ts'
import { fail } from '../errors.ts'
import { isLoopback } from '../rehearsal.ts'
import { patiently, retry } from '../retry.ts'
import { CLOUDS, CLOUD_NAMES } from './entra/clouds.ts'
import { diagnose, ERRORS, isPropagating } from './entra/diagnosis.ts'
import { CLIENT_ASSERTION } from './oauth/body.ts'
import { askForToken } from './oauth/token-endpoint.ts'

const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

const settings = z.strictObject({
  /** Directory (tenant) id. */
  tenant: guid('the directory (tenant) id of the app registration'),
  /** Application (client) id of the app registration or the managed identity. */
  'client-id': guid('the application (client) id, not its name and not its object id'),
  cloud: z.optional(z.enum(CLOUD_NAMES)),
  /** Write flexible federated credentials (a preview of Entra), which take patterns, ids and `job_workflow_ref`. */
  flexible: z.optional(z.boolean()),
  /** `RESOURCE/.default`; the warehouse's own unless given. */
  scope: z.optional(
    z
      .string()
      .check(
        z.refine(
          (scope) => /^\S+\/\.default$/.test(scope),
          'must be one resource and end in `/.default`, such as `https://database.windows.net/.default`: client credentials take no other scope',
        ),
      ),
  ),
  /** In a rehearsal: the origin that stands in for the cloud's own. */
  authority: z.optional(
    z
      .string()
      .check(
        z.refine(
          isLoopback,
          'must be a loopback address, for rehearsals; the clouds of Microsoft are chosen by `cloud`',
        ),
      ),
  ),
})

export type Settings = z.infer<typeof settings>

/** A federated credential takes minutes to be known everywhere; whoever has just made it shall not have to know that. */
const PROPAGATION_TRIES = 4

/** Microsoft Entra ID: client credentials with the ID token as client assertion (RFC 7523 2.2), no secret. */
export default exchange<Settings>({
  name: 'entra',
  summary: 'an access token of Microsoft Entra ID, by a federated credential of an app',
  settings,
  audience(s, want) {
    // What is missing is found before anything is asked of anybody.
    scopeOf(s, want)
    if (want.kind === 'id-token') driversRecipe(s)
    return audienceOf(s, want)
  },
  async trade(s, want, mint, io) {
    if (want.kind === 'id-token') return forTheDriver(s, want, mint)
    const scope = scopeOf(s, want)
    const attempt = async (left: number) => {
      const { text: token } = await mint(audienceOf(s, want))
      return askForToken(
        {
          url: `${s.authority ?? io.at(`https://${cloudOf(s).host}`)}/${s.tenant}/oauth2/v2.0/token`,
          who: 'Entra ID',
          parameters: [
            ['grant_type', 'client_credentials'],
            ['client_id', s['client-id']],
            ['scope', scope],
            ['client_assertion_type', CLIENT_ASSERTION],
            ['client_assertion', token],
          ],
          secrets: [token],
          worth: (error) =>
            isPropagating(error.description) ? { transient: true, tries: PROPAGATION_TRIES } : undefined,
        },
        io,
        left,
      )
    }
    return retry(attempt, patiently(io))
  },
  // Drivers know the public cloud only, unless their environment is changed, too.
  recipe: recipeOf,
  identity: (s) => s['client-id'],
  // The issuers of the other clouds are not documented in one place; `sub` is the object id, which no setting holds.
  issues: (s) =>
    (s.cloud ?? 'public') === 'public'
      ? {
          issuer: `https://sts.windows.net/${s.tenant}/`,
          keys: `https://login.microsoftonline.com/${s.tenant}/discovery/v2.0/keys`,
        }
      : undefined,
  diagnose: (error, s, claims) => diagnose(error, s, claims),
  errors: ERRORS,
  notes: [
    'Entra’s token lives 60 to 90 minutes and cannot be revoked.',
    'The request is proven against Keycloak, an independent server; Entra’s own texts (AADSTS…), its case rules and how long a new credential takes to spread are from its documentation and from public issues.',
    '`flexible: true` writes credentials that take patterns of `sub` and hold the ids of the repository and `job_workflow_ref`. Microsoft calls them a preview, makes them through the beta of Graph only, and advises against that in production.',
    'Unverified: the audiences of the sovereign clouds, and the texts of AADSTS90002, 500011, 50013 and 700212.',
  ],
  trust: async (s, _want, request) => (await import('./entra/trust.ts')).federatedCredentials(s, request),
  reader: async () => (await import('./entra/read.ts')).reader,
  terraform: async (s, _want, request) =>
    (await import('./entra/terraform.ts')).federatedResources(s, request),
  hosts: (s) => [s.authority === undefined ? cloudOf(s).host : new URL(s.authority).host],
  proof: 'our verifier',
  example: {
    tenant: '72f988bf-86f1-41af-91ab-2d7cd011db47',
    'client-id': '8e8a1c2f-5b0e-4f0e-9d44-0f4f2f6f3a10',
  },
})

function recipeOf(s: Settings): Readonly<Record<string, string>> | undefined {
  return (s.cloud ?? 'public') === 'public' && s.authority === undefined
    ? { tenant: s.tenant, 'client-id': s['client-id'] }
    : undefined
}

/** The ID token for a driver that can do nothing but trade: what it gets from Entra is between the two of them. */
async function forTheDriver(s: Settings, want: Want, mint: Mint): Promise<IdTokenCredential> {
  const recipe = driversRecipe(s)
  const { text, claims } = await mint(audienceOf(s, want))
  return { kind: 'id-token', token: text, expiresAt: new Date(claims.exp * 1000), recipe }
}

function driversRecipe(s: Settings): Readonly<Record<string, string>> {
  return (
    recipeOf(s) ??
    fail({
      code: 'configuration',
      problem: 'The driver of this warehouse trades at Entra itself, and in the public cloud only.',
      remedy: 'Leave `cloud` and `authority` out of `identity`.',
    })
  )
}

function guid(what: string): z.ZodMiniString {
  return z.string().check(z.refine((text) => GUID.test(text), `must be a GUID, ${what}`))
}

function cloudOf(s: Settings): (typeof CLOUDS)[keyof typeof CLOUDS] {
  return CLOUDS[s.cloud ?? 'public']
}

function audienceOf(s: Settings, want: Want): string {
  return want.audience ?? cloudOf(s).audience
}

function scopeOf(s: Settings, want: Want): string {
  return (
    s.scope ??
    want.scope ??
    fail({
      code: 'configuration',
      problem: 'The warehouse does not say for which resource of Entra ID its token is.',
      remedy:
        'Write `scope:` under `identity:`, the application id URI of the resource with `/.default` behind it, such as `api://trino-prod/.default`.',
    })
  )
}
