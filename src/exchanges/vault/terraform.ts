import { hclDocument, reference, resource } from '../../trust/hcl.ts'
import { labelFor } from '../../trust/label.ts'
import { comment } from '../../trust/quote.ts'
import type { TrustDocument, TrustRequest } from '../../trust.ts'
import type { Login } from './settings.ts'
import { roleFor, toldOf, type Opened } from './trust.ts'

/** Seconds of the hour that a login lives until it is extended. */
const TTL = 3600

/** The same as the commands of `trust`, for the provider hashicorp/vault; OpenBao is told by it, too. */
export function roleResources(s: Login, request: TrustRequest, opened: Opened): readonly TrustDocument[] {
  const { policy, role, opens, title, held, lines, owns } = toldOf(s, request, opened)
  const values = Object.entries(role.bound_claims)
  // The provider takes one text for each claim, and a comma in it for the end of a value.
  const several = values.some(([, value]) => typeof value !== 'string')
  const comma = values.some(([, value]) => [value].flat().some((one) => one.includes(',')))
  if (several && comma) return roleFor(s, request, opened)
  const { namespace } = s
  const [method, label] = [labelFor(s.mount), labelFor(`${s.mount}_${s.role}`)]
  return [
    {
      title,
      language: 'hcl',
      text: hclDocument(
        comment('#', [
          ...lines,
          'One auth method serves every role: where it is there already, import it.',
          `terraform import vault_jwt_auth_backend.${method} ${s.mount}`,
        ]),
        [
          resource('vault_jwt_auth_backend', method, {
            namespace,
            path: s.mount,
            type: 'jwt',
            oidc_discovery_url: request.issuer,
            bound_issuer: request.issuer,
          }),
          resource('vault_policy', label, { namespace, name: policy, policy: `${opens}\n` }),
          resource('vault_jwt_auth_backend_role', label, {
            namespace,
            backend: reference(`vault_jwt_auth_backend.${method}.path`),
            role_name: s.role,
            role_type: role.role_type,
            user_claim: role.user_claim,
            bound_audiences: role.bound_audiences,
            bound_claims_type: role.bound_claims_type,
            bound_claims: new Map(values.map(([claim, value]) => [claim, [value].flat().join(',')])),
            disable_bound_claims_parsing: comma ? true : undefined,
            claim_mappings: Object.keys(role.claim_mappings).length === 0 ? undefined : role.claim_mappings,
            token_policies: [reference(`vault_policy.${label}.name`)],
            token_ttl: TTL,
            token_type: role.token_type,
          }),
        ],
      ),
      ...held,
      owns,
    },
  ]
}
