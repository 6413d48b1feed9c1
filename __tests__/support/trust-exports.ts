import type { TrustDocument } from '../../src/trust.ts'
import { commandsOf, optionsOf } from './aws/shell.ts'
import { policiesOf } from './models/databricks.ts'
import { readVault, type DatabaseRole } from './models/vault.ts'
import { readGcloud } from './google/gcloud.ts'
import { usersOf } from './snowflake/trust.ts'

/**
 * What the platforms would print once these documents have been run, read from the text of the documents alone: the
 * commands of `aws`, `az`, `gcloud` and `databricks`, and Snowflake's statements, through the parsers of the stand-ins.
 */
export function exportsOf(documents: readonly TrustDocument[]): readonly unknown[] {
  return documents.flatMap(({ text, language }) => {
    if (language === 'sql' && text.includes('WORKLOAD_IDENTITY = (')) return [shownBySnowflake(text)]
    if (language !== 'sh') return []
    if (text.includes('okta POST')) return shownByOkta(text)
    const center = shownByCenter(text)
    if (center.length > 0) return center
    if (text.includes('providers create-oidc')) return describedByGcloud(text)
    if (/^aws iam create-role/m.test(text)) return rolesOf(text)
    if (text.includes('vault auth enable'))
      return [{ request_id: '0f', lease_id: '', data: shownByVault(text) }]
    const databases = [
      ...(text.startsWith('vault write') || text.includes('\nvault write')
        ? readVault(text).databases.values()
        : []),
    ]
    if (databases.length > 0) return databases.map((data) => ({ data: shownOfDatabase(data) }))
    if (text.includes('az ad app federated-credential create')) return [credentialsOf(text)]
    const policies = policiesOf(text)
    return policies.length === 0 ? [] : [policies.map((policy) => ({ oidc_policy: policy }))]
  })
}

function shownBySnowflake(script: string): unknown {
  return usersOf(script).map(({ issuer, subject, audiences }, at) => ({
    name: at === 0 ? 'DEFAULT' : `NAMED_${at}`,
    type: 'OIDC',
    comment: '',
    last_used: null,
    created_on: '2026-11-01 08:15:00.000 -0700',
    additional_info: JSON.stringify({ issuer, subject, audienceList: audiences }),
  }))
}

/** What was sent in, and what Vault adds. */
function shownByVault(script: string): unknown {
  const [, written = '{}'] = /\/role\/[^\n]* - <<'VAULT_END'\n(.*?)\nVAULT_END\n/s.exec(script) ?? []
  const role = JSON.parse(written) as Record<string, unknown>
  return { bound_subject: '', clock_skew_leeway: 0, expiration_leeway: 0, token_bound_cidrs: null, ...role }
}

function seconds(hours: string): number {
  return Number.parseInt(hours, 10) * 3600
}

/** Times are printed in seconds, and what was not given as Vault's own default. */
function shownOfDatabase({ default_ttl, max_ttl, ...role }: DatabaseRole): unknown {
  return {
    credential_type: 'password',
    credential_config: {},
    renew_statements: [],
    revocation_statements: [],
    rollback_statements: [],
    ...role,
    default_ttl: seconds(default_ttl),
    max_ttl: seconds(max_ttl),
  }
}

/** What Okta's API answers for the app, its server, and what these calls have made there; ids are Okta's to choose. */
function shownByOkta(script: string): readonly unknown[] {
  const [, app = '', kid = ''] =
    /^okta POST apps\/(\w+)\/credentials\/jwks .* \| jwk (\S+)\)"$/m.exec(script) ?? []
  const made = [...script.matchAll(/okta POST \S+ --data '(\{.*?\n\})'/gs)].map(
    ([, body = '']) => JSON.parse(body) as Record<string, unknown>,
  )
  const [, issuer = '', server = ''] = /server (https:\/\/\S+\/(\w+))\.$/m.exec(script) ?? []
  const [, audience = ''] = /^# Audience: .* e\.g\. (\S+):/m.exec(script) ?? []
  return [
    {
      id: app,
      name: 'oidc_client',
      status: 'ACTIVE',
      created: '2026-11-01T08:15:00.000Z',
      credentials: {
        oauthClient: { client_id: app, autoKeyRotation: true, token_endpoint_auth_method: 'private_key_jwt' },
      },
      settings: {
        oauthClient: {
          application_type: 'service',
          grant_types: ['client_credentials'],
          dpop_bound_access_tokens: false,
          jwks: { keys: [{ kty: 'RSA', kid, e: 'AQAB', n: 'x', status: 'ACTIVE' }] },
        },
      },
    },
    { id: server, name: 'dbt', issuer, issuerMode: 'ORG_URL', audiences: [audience], status: 'ACTIVE' },
    ...made.filter(({ type }) => type !== undefined).map((one) => ({ id: '00p1', system: false, ...one })),
  ]
}

/** What Identity Center and Redshift print, each by its own command; ARNs are theirs to choose. */
function shownByCenter(script: string): readonly unknown[] {
  const arn = 'arn:aws:sso::123456789012:trustedTokenIssuer/ssoins-1234567890abcdef/tti-1'
  const said = center(script)
  const shown = said.flatMap(([name, options]): readonly unknown[] => {
    const one = (option: string): unknown => JSON.parse(options.get(option)?.[0] ?? 'null')
    if (name === 'create-trusted-token-issuer')
      return [
        {
          TrustedTokenIssuerArn: arn,
          Name: options.get('name')?.[0],
          TrustedTokenIssuerType: 'OIDC_JWT',
          TrustedTokenIssuerConfiguration: one('trusted-token-issuer-configuration'),
        },
      ]
    if (name === 'put-application-grant') return [{ Grant: one('grant') }]
    if (name === 'put-application-authentication-method')
      return [{ AuthenticationMethod: one('authentication-method') }]
    if (name === 'create-redshift-idc-application')
      return [
        {
          RedshiftIdcApplications: [
            {
              RedshiftIdcApplicationName: options.get('redshift-idc-application-name')?.[0],
              IdentityNamespace: options.get('identity-namespace')?.[0],
              AuthorizedTokenIssuerList: one('authorized-token-issuer-list'),
            },
          ],
        },
      ]
    return []
  })
  const users = said.flatMap(([name, options]) =>
    name === 'create-user'
      ? [{ UserName: options.get('user-name')?.[0], UserId: '1', DisplayName: 'x' }]
      : [],
  )
  const people = { UserName: 'jane@acme.example', UserId: '2', DisplayName: 'Jane' }
  return [...shown, ...(users.length > 0 ? [{ Users: [people, ...users] }] : [])]
}

/** Commands for Identity Center, whose variables stand for what an earlier one has answered. */
function center(script: string): readonly (readonly [string, Map<string, string[]>])[] {
  const plain = script
    .replaceAll(/^\w+=\$\((aws [\s\S]*?)\)$/gm, '$1')
    .replaceAll(/^(?:\w+=\S+|echo .*)$/gm, '')
  const bare = plain.replaceAll(`"'"$issuer"'"`, '"issuer"').replaceAll(/"\$(\w+)"/g, '$1')
  if (!/^aws (?:sso-admin|identitystore|redshift) /m.test(bare)) return []
  return commandsOf(bare).map(([, , name = '', ...words]) => [name, optionsOf(words)])
}

function describedByGcloud(script: string): readonly unknown[] {
  return [...readGcloud(script).providers].map(([name, { issuer, audiences, mapping, condition }]) => ({
    name,
    state: 'ACTIVE',
    displayName: 'dbt',
    attributeCondition: condition,
    attributeMapping: Object.fromEntries(mapping),
    oidc: { issuerUri: issuer, allowedAudiences: audiences },
  }))
}

function rolesOf(script: string): readonly unknown[] {
  const account = /AWS account (\d{12})/.exec(script)?.[1] ?? ''
  const created = commandsOf(script).filter(([, , command]) => command === 'create-role')
  return created.map((words) => {
    const options = optionsOf(words)
    const one = (name: string): string => options.get(name)?.[0] ?? ''
    return {
      Role: {
        Path: one('path') || '/',
        RoleName: one('role-name'),
        Arn: `arn:aws:iam::${account}:role${one('path') || '/'}${one('role-name')}`,
        CreateDate: '2026-11-01T08:15:00+00:00',
        AssumeRolePolicyDocument: JSON.parse(one('assume-role-policy-document')) as unknown,
        MaxSessionDuration: 3600,
        RoleLastUsed: {},
      },
    }
  })
}

function credentialsOf(script: string): unknown {
  return commandsOf(script).map((words) => {
    const parameters = JSON.parse(optionsOf(words).get('parameters')?.[0] ?? '{}') as Record<string, unknown>
    return { '@odata.id': 'https://graph…', description: null, id: 'd8f2', ...parameters }
  })
}
