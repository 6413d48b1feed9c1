import type { TrustDocument } from '../../src/trust.ts'
import { commandsOf, optionsOf } from './aws/shell.ts'
import { policiesOf } from './models/databricks.ts'
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
    if (text.includes('providers create-oidc')) return describedByGcloud(text)
    if (/^aws iam create-role/m.test(text)) return rolesOf(text)
    if (text.includes('vault auth enable'))
      return [{ request_id: '0f', lease_id: '', data: shownByVault(text) }]
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
