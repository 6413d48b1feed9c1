// Google's workload identity federation:
// https://cloud.google.com/iam/docs/reference/rest/v1/projects.locations.workloadIdentityPools.providers (Oidc): the issuer equals
//   `issuerUri`, and the audience is one of `allowedAudiences`, or the provider's own name where there are none.
// https://cloud.google.com/iam/docs/workload-identity-federation#mapping and #conditions: each mapping is CEL over `assertion` and
//   gives a text, `google.subject` one of at most 127 bytes; the condition is CEL and must be true. An absent claim is an error.
// https://cloud.google.com/iam/docs/principal-identifiers: whom a mapped attribute stands for in a binding.
// CEL by @marcbachmann/cel-js, which knows nothing of this project.
import { evaluate } from '@marcbachmann/cel-js'
import { readGcloud, type Provider } from '../google/gcloud.ts'
import { scalarText } from '../shape.ts'
import { textsOf, type Model, type Presented } from './presented.ts'

/** Why a provider gives nothing for a token. */
export type Refused =
  | { readonly why: 'issuer' | 'audience' | 'condition' | 'subject-length' }
  | { readonly why: 'mapping'; readonly attribute: string }

/** The audiences that a provider takes. */
export function audiencesOf(provider: Provider, name: string): readonly string[] {
  const own = `//iam.googleapis.com/${name}`
  return provider.audiences.length > 0 ? provider.audiences : [own, `https:${own}`]
}

/** Whom a token stands for in the bindings of IAM, by the provider of this name. */
export function membersOf(
  provider: Provider,
  name: string,
  claims: Presented,
): { readonly members: readonly string[] } | Refused {
  if (claims.iss !== provider.issuer) return { why: 'issuer' }
  const presented = [claims.aud ?? []].flat().map(scalarText)
  if (!presented.some((one) => audiencesOf(provider, name).includes(one))) return { why: 'audience' }
  const attributes = new Map<string, string>()
  for (const [attribute, expression] of provider.mapping) {
    const value = valueOf(expression, claims)
    if (typeof value !== 'string') return { why: 'mapping', attribute }
    attributes.set(attribute, value)
  }
  const subject = attributes.get('google.subject') ?? ''
  if (Buffer.byteLength(subject) > 127) return { why: 'subject-length' }
  if (valueOf(provider.condition, claims) !== true) return { why: 'condition' }
  const [pool = ''] = name.split('/providers/')
  const sets = [...attributes].filter(([key]) => key.startsWith('attribute.'))
  return {
    members: [
      `principal://iam.googleapis.com/${pool}/subject/${subject}`,
      `principalSet://iam.googleapis.com/${pool}/*`,
      ...sets.map(([key, value]) => `principalSet://iam.googleapis.com/${pool}/${key}/${value}`),
    ],
  }
}

/** What an expression of CEL says of the claims; undefined where it is an error, e.g. for an absent claim. */
export function valueOf(expression: string, assertion: object): unknown {
  try {
    return evaluate(expression, { assertion })
  } catch {
    return undefined
  }
}

/** Lets in whoever a provider takes, where some binding is for whom the token then stands. */
export const google: Model = (documents) => {
  const { providers, bindings } = readGcloud(textsOf(documents, 'sh').join('\n'))
  const bound = bindings.filter(({ role }) => role !== 'roles/iam.serviceAccountTokenCreator')
  return (claims) =>
    [...providers].some(([name, provider]) => {
      const found = membersOf(provider, name, claims)
      return 'members' in found && bound.some(({ member }) => found.members.includes(member))
    })
}
