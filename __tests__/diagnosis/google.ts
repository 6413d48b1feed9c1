import type { Table } from './row.ts'

const CONNECTION = 'type: bigquery\nproject: acme-prod\ndataset: analytics\n'
const PROVIDER = 'projects/123456789012/locations/global/workloadIdentityPools/github/providers/dbt-prod'
const ACCOUNT = 'dbt@acme-prod.iam.gserviceaccount.com'
const DIRECT = `provider: ${PROVIDER}\n`
const AS_ACCOUNT = `${DIRECT}service-account: ${ACCOUNT}\n`

/** Google's token service and IAM, and BigQuery behind them. */
export const GOOGLE: readonly Table[] = [
  {
    title: 'Google STS',
    connection: CONNECTION,
    identity: DIRECT,
    from: 'exchange',
    rows: [
      {
        text: 'unauthorized_client: The given credential is rejected by the attribute condition.',
        cause: 'does not hold for this token (repository: o/r, repository_id: 456, ref: refs/heads/main',
        remedy: 'attributeCondition',
        shows: ['--attribute-condition'],
      },
      {
        text: 'invalid_target: The target service indicated by the "audience" parameters is invalid. This might either be because the pool or provider is disabled or deleted or because it doesn\'t exist.',
        cause: `no enabled provider ${PROVIDER}`,
        remedy: 'restored for 30 days',
      },
      {
        text: 'invalid_request: Invalid value for "audience". This value should be the full resource name of the Identity Provider.',
        cause: `does not take ${PROVIDER} for the name of a provider`,
        remedy: 'projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER',
      },
      {
        text: 'invalid_request: The size of mapped attribute google.subject exceeds the 127 bytes limit.',
        cause: "the token's `sub` has 31 bytes, Google takes 127",
        remedy: 'Map `google.subject` to ids',
      },
      {
        text: 'invalid_grant: The audience in ID Token [https://x] does not match the expected audience.',
        cause: 'does not take tokens for the audience',
        remedy: '--allowed-audiences',
      },
      {
        text: 'invalid_grant: The issuer in ID Token https://ghes.example/_services/token does not match the expected ones.',
        cause: 'does not trust the issuer https://token.actions.githubusercontent.com',
        remedy: '--issuer-uri=https://token.actions.githubusercontent.com',
      },
      {
        text: 'invalid_grant: ID Token issued at 1 is stale to sign-in.',
        cause: 'took the token for expired',
        remedy: 'clock of the runner',
      },
    ],
  },
  {
    title: 'Google IAM',
    connection: CONNECTION,
    identity: AS_ACCOUNT,
    from: 'exchange',
    rows: [
      {
        text: "PERMISSION_DENIED: Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist).",
        cause: `may not act as ${ACCOUNT}`,
        remedy:
          'roles/iam.workloadIdentityUser --member=principalSet://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/github/attribute.',
      },
      {
        text: 'INVALID_ARGUMENT: The access token lifetime cannot exceed 3600 seconds. If you are trying to extend the lifetime',
        cause: 'no token for 3600 s',
        remedy: '`lifetime: 3300`',
      },
    ],
  },
  {
    title: 'BigQuery with the federated token',
    connection: CONNECTION,
    identity: DIRECT,
    from: 'dbt',
    rows: [
      {
        text: '401 POST https://bigquery.googleapis.com/bigquery/v2/projects/acme-prod/jobs: Request had invalid authentication credentials. Expected OAuth 2 access token',
        cause: "it lives no longer than GitHub's own, five minutes",
        remedy: '`service-account`',
      },
    ],
  },
  {
    title: 'BigQuery',
    connection: CONNECTION,
    identity: AS_ACCOUNT,
    from: 'dbt',
    rows: [
      {
        text: '401 GET https://bigquery.googleapis.com/: Request had invalid authentication credentials.',
        cause: `the access token of ${ACCOUNT} any more`,
        remedy: '`keep-alive`',
      },
      {
        text: 'The credentials do not contain the necessary fields need to refresh the access token. You must specify refresh_token, token_uri, client_id, and client_secret.',
        cause: 'expired while dbt was at work',
        remedy: '`service-account`',
      },
      {
        text: 'Unable to generate access token, if you\'re using impersonate_service_account, make sure your initial account has the "roles/iam.serviceAccountTokenCreator" role on the account you are trying to impersonate.',
        cause: 'may not act as the account of `impersonate_service_account`',
        remedy: `Give ${ACCOUNT} roles/iam.serviceAccountTokenCreator`,
      },
      {
        text: "'NoneType' object has no attribute 'close'",
        cause: 'could not open a connection, and hides why',
        remedy: '`token_endpoint`',
      },
      {
        text: 'Executables need to be explicitly allowed (set GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES=1)',
        cause: 'a credentials file that starts a program',
        remedy: 'Take that file out',
      },
    ],
  },
]
