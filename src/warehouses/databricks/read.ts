import * as z from 'zod/mini'
import { dateOf, hasKeys, shaped, span } from '../../trust/export/shape.ts'
import type { Reader } from '../../trust/reader.ts'
import type { Statement, Way } from '../../trust/statement.ts'

/** One federation policy (docs.databricks.com, API reference, "Service Principal Federation Policies"). */
const policy = z.looseObject({
  name: z.optional(z.string()),
  policy_id: z.optional(z.string()),
  uid: z.optional(z.string()),
  create_time: z.optional(z.string()),
  update_time: z.optional(z.string()),
  service_principal_id: z.optional(z.union([z.number(), z.string()])),
  oidc_policy: z.looseObject({
    issuer: z.optional(z.string()),
    audiences: z.optional(z.nullable(z.array(z.string()))),
    subject: z.optional(z.string()),
    subject_claim: z.optional(z.string()),
    jwks_json: z.optional(z.string()),
    jwks_uri: z.optional(z.string()),
  }),
})

const LIST = 'databricks account service-principal-federation-policy list'

/** Federation policies as the CLI and the API print them, those of a service principal and those of the account. */
export const reader: Reader = {
  platform: 'Databricks',
  sees: 'subject',
  understands: [
    LIST,
    'databricks account service-principal-federation-policy get',
    'databricks account federation-policy list',
  ],
  async read(document) {
    if (isPolicy(document)) return statementsOf([document])
    if (Array.isArray(document) && document.length > 0 && document.every(isPolicy))
      return statementsOf(document, [])
    if (
      hasKeys(document, 'policies') &&
      Array.isArray(document.policies) &&
      document.policies.every(isPolicy)
    )
      return statementsOf(document.policies, ['policies'])
    return undefined
  },
  write: (claim, [first = '', ...more]) => {
    if (claim === 'aud') return `"audiences": ${JSON.stringify([first, ...more])}`
    if (claim === 'iss') return `"issuer": ${JSON.stringify(first)}`
    const text = `"subject": ${JSON.stringify(first)}`
    return claim === 'sub' ? text : `"subject_claim": ${JSON.stringify(claim)}, ${text}`
  },
}

function isPolicy(value: unknown): boolean {
  return hasKeys(value, 'oidc_policy')
}

/** Policies of one principal belong together; a list of the API is always of one. */
function statementsOf(list: readonly unknown[], path?: readonly PropertyKey[]): readonly Statement[] {
  const all = list.map((one, at) => ({
    found: shaped(policy, one, LIST),
    path: path ? [...path, at] : [],
  }))
  const ways = all.map(({ found, path: at }) => wayOf(found, at))
  const keys = all.flatMap(({ found: { oidc_policy: p, ...more } }, at) =>
    p.jwks_json === undefined && p.jwks_uri === undefined
      ? []
      : [[`keys of ${more.policy_id ?? `policy ${at}`}`, p.jwks_uri ?? 'uploaded'] as const],
  )
  // What belongs to the account has no principal in its name, and lets in whomever the claim names.
  const account = all.some(({ found: { name = '' } }) => /^accounts\/[^/]+\/federationPolicies\//.test(name))
  return [
    {
      platform: reader.platform,
      what: account ? 'federation policies of the account' : 'federation policies of the service principal',
      ways,
      ...(keys.length === 0 ? {} : { settings: new Map(keys) }),
      ...span(ways),
    },
  ]
}

function wayOf(found: z.infer<typeof policy>, path: readonly PropertyKey[]): Way {
  const { issuer, subject, subject_claim: claim = 'sub' } = found.oidc_policy
  const madeAt = dateOf(found.update_time ?? found.create_time)
  return {
    name: found.policy_id ?? found.uid ?? 'a policy without an id',
    issuer,
    audiences: audiencesOf(found),
    conditions: subject ? [{ claim, values: [subject], by: 'equals' }] : [],
    path,
    ...(madeAt && { madeAt }),
  }
}

/** Without a list it is the account's id, which stands in the policy's name. */
function audiencesOf({ name = '', oidc_policy: { audiences } }: z.infer<typeof policy>): readonly string[] {
  if (audiences?.length) return audiences
  return [/^accounts\/([^/]+)\//.exec(name)?.[1] ?? 'the id of the account']
}
