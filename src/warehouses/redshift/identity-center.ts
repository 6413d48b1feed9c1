import type { Carried, Fault, Hook } from '../../warehouse.ts'
import { byIdentityCenter, type Connection } from './connection.ts'

/** How dbt-redshift calls the login with a token of somebody that Identity Center trusts. */
export const METHOD = 'oauth_token_identity_center'

/** What a connection must not say with this exchange, and with the other one. */
export function centerFaults(c: Connection): readonly Fault[] {
  return byIdentityCenter(c)
    ? []
    : [
        {
          field: 'method',
          problem: `IAM Identity Center takes logins by \`method: ${METHOD}\` only: write that, and neither \`user\` nor \`cluster_id\`.`,
        },
      ]
}

/** The other way round. */
export function iamFaults(c: Connection): readonly Fault[] {
  return byIdentityCenter(c)
    ? [
        {
          field: 'method',
          problem: `\`${METHOD}\` is a login through IAM Identity Center: write \`via: aws-identity-center\` under \`identity:\`, or \`method: iam_role\` here.`,
        },
      ]
    : []
}

/**
 * The token endpoint that dbt-redshift posts to at each connection. It sends `idp_auth_credentials` as they are behind
 * `Basic`, which is how the broker knows it; what it posts besides decides nothing, so it is empty.
 */
export function endpointFields({ url, authorization }: Hook): Pick<Carried, 'fields' | 'secrets'> {
  const fields = new Map([
    ['type', { kind: 'text', text: 'okta' }],
    ['request_url', { kind: 'text', text: url }],
    ['request_data', { kind: 'text', text: '' }],
    ['idp_auth_credentials', { kind: 'secret', name: 'TOKEN_ENDPOINT' }],
  ] as const)
  return {
    fields: { method: { kind: 'text', text: METHOD }, token_endpoint: { kind: 'map', fields } },
    secrets: { TOKEN_ENDPOINT: authorization.replace(/^Basic /, '') },
  }
}
