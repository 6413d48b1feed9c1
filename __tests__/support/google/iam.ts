import { isRecord, parseRecord } from '../shape.ts'
import type { Binding } from './gcloud.ts'
import type { Holder } from './tokens.ts'

/** A google.rpc.Status on the wire. */
export interface RpcError {
  readonly error: { readonly code: number; readonly message: string; readonly status: string }
}

const IMPERSONATION = [
  'https://www.googleapis.com/auth/cloud-platform',
  'https://www.googleapis.com/auth/iam',
]

/**
 * Decides on generateAccessToken as documented (cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateAccessToken):
 * the caller needs iam.serviceAccounts.getAccessToken on the first account of the chain, which roles/iam.workloadIdentityUser
 * and roles/iam.serviceAccountTokenCreator hold, and each account the latter on the next.
 */
export function generateAccessToken(
  account: string,
  body: string,
  caller: Holder | undefined,
  bindings: readonly Binding[],
): Holder | RpcError {
  if (!caller) return rpc(401, 'UNAUTHENTICATED', 'Request had invalid authentication credentials.')
  if (!caller.scopes.some((scope) => IMPERSONATION.includes(scope)))
    return rpc(403, 'PERMISSION_DENIED', 'Request had insufficient authentication scopes.')
  const { scope, lifetime = '3600s', ...rest } = parseRecord(body)
  // JSON null is an absent field to an API of Google's (protobuf.dev/programming-guides/json).
  const delegates = rest.delegates ?? []
  if (!isTexts(scope) || scope.length === 0) return rpc(400, 'INVALID_ARGUMENT', 'Scope required.')
  const seconds = Number(/^(\d+)s$/.exec(String(lifetime))?.[1])
  if (!(seconds > 0)) return rpc(400, 'INVALID_ARGUMENT', 'Invalid value at "lifetime".')
  if (seconds > 3600)
    return rpc(400, 'INVALID_ARGUMENT', 'The access token lifetime cannot exceed 3600 seconds.')
  if (!isTexts(delegates) || delegates.some((one) => !one.startsWith('projects/-/serviceAccounts/')))
    return rpc(400, 'INVALID_ARGUMENT', 'Invalid value at "delegates".')
  const chain = [...delegates.map((one) => one.slice('projects/-/serviceAccounts/'.length)), account]
  let members: readonly string[] = caller.members
  for (const one of chain) {
    const roles = caller.members === members && caller.federated ? FEDERATED : CREATOR
    if (!isBound(one, roles, members, bindings))
      return rpc(
        403,
        'PERMISSION_DENIED',
        "Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist).",
      )
    members = [`serviceAccount:${one}`]
  }
  return { members, federated: false, scopes: scope, expires: Date.now() + seconds * 1000 }
}

const CREATOR = ['roles/iam.serviceAccountTokenCreator']
const FEDERATED = ['roles/iam.workloadIdentityUser', ...CREATOR]

function isBound(
  account: string,
  roles: readonly string[],
  members: readonly string[],
  bindings: readonly Binding[],
): boolean {
  return bindings.some(
    ({ resource, role, member }) =>
      resource === `serviceAccount/${account}` && roles.includes(role) && members.includes(member),
  )
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string')
}

/** An error of any Google API. */
export function rpc(code: number, status: string, message: string): RpcError {
  return { error: { code, message, status } }
}

/** Whether an answer is an error. */
export function isRpcError(answer: Holder | RpcError): answer is RpcError {
  return isRecord(answer) && 'error' in answer
}
