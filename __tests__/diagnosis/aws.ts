import type { Table } from './row.ts'

const ROLE = 'arn:aws:iam::123456789012:role/dbt-prod'
const REDSHIFT =
  'type: redshift\nmethod: iam_role\nhost: analytics.123456789012.eu-west-1.redshift-serverless.amazonaws.com\nport: 5439\ndbname: dev\nschema: analytics\n'
const POSTGRES =
  'type: postgres\nhost: shop.cluster-c1a2b3c4d5e6.eu-west-1.rds.amazonaws.com\nport: 5432\nuser: dbt_prod\ndbname: shop\nschema: analytics\n'
const ATHENA =
  'type: athena\nregion_name: eu-west-1\ns3_staging_dir: s3://acme-athena/results/\ns3_data_dir: s3://acme-lake/dbt/\ndatabase: awsdatacatalog\nschema: analytics\nwork_group: dbt\n'
const IDENTITY = `role: ${ROLE}\n`
const RECHAINED = `role: ${ROLE}\nduration: 7200\n`

/** AWS STS, and what stands behind it. */
export const AWS: readonly Table[] = [
  {
    title: 'AWS STS',
    connection: REDSHIFT,
    identity: RECHAINED,
    from: 'exchange',
    rows: [
      {
        text: 'AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity',
        cause: `lets nobody with this token assume ${ROLE}`,
        remedy: 'compare its trust policy with the token, case by case: sub repo:o/r:environment:production',
        shows: ['sts:AssumeRoleWithWebIdentity', ':aud', ':sub'],
      },
      {
        text: 'InvalidIdentityToken: No OpenIDConnect provider found in your account for https://token.actions.githubusercontent.com',
        cause: '123456789012 does not know the issuer https://token.actions.githubusercontent.com',
        remedy: 'aws iam create-open-id-connect-provider --url https://token.actions.githubusercontent.com',
      },
      {
        text: 'InvalidIdentityToken: Incorrect token audience',
        cause: 'does not list the audience of the token',
        remedy: 'aws iam add-client-id-to-open-id-connect-provider',
        shows: ['✓ aud  "sts.amazonaws.com"'],
      },
      {
        text: "InvalidIdentityToken: Couldn't retrieve verification key from your identity provider",
        cause: 'could not read the keys of https://token.actions.githubusercontent.com',
        remedy: 'tried several times with fresh tokens',
      },
      {
        text: 'ExpiredTokenException: Token expired: current date/time must be before the expiration',
        cause: 'The token had expired when AWS looked at it',
        remedy: 'Check the clock of the runner',
      },
      {
        text: 'ExpiredToken: The security token included in the request is expired',
        cause: 'The keys that had signed the request were past their end',
        remedy: 'Run the job again, which gets new ones.',
      },
      {
        text: 'SignatureDoesNotMatch: Signature expired: 20261130T114451Z is now earlier than 20261130T115500Z (20261130T120000Z - 5 min.)',
        cause: 'The clock of the runner and that of AWS differ',
        remedy: 'by NTP',
      },
      {
        text: 'SignatureDoesNotMatch: Signature not yet current: 20261130T121500Z is still later than 20261130T120500Z (20261130T120000Z + 5 min.)',
        cause: 'The clock of the runner and that of AWS differ',
        remedy: 'by NTP',
      },
      {
        text: 'SignatureDoesNotMatch: The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.',
        cause: 'something in between has changed the request',
        remedy: 'a proxy between the runner and AWS',
      },
      {
        text: 'ValidationError: The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
        cause: 'does not allow sessions of 7200 s',
        remedy: '--role-name dbt-prod --max-session-duration 7200',
      },
      {
        text: 'ValidationError: The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.',
        cause: 'lives no longer than an hour',
        remedy: 'at most 3600',
      },
    ],
  },
  {
    title: 'Redshift',
    connection: REDSHIFT,
    identity: IDENTITY,
    from: 'dbt',
    rows: [
      {
        text: 'User: arn:aws:sts::123456789012:assumed-role/dbt-prod/x is not authorized to perform: redshift:GetClusterCredentials on resource: arn:aws:redshift:…',
        cause: 'The role may not ask Redshift for a password',
        remedy: 'for the id of this workgroup and the database dev',
        shows: ['redshift-serverless:GetCredentials'],
      },
      {
        text: 'Either provide both username/password or neither when using IAM',
        cause: '`user` does not go together with a login by IAM',
        remedy: '`method: iam_role`',
      },
      {
        text: "'RedshiftServerless' object has no attribute 'get_cluster_credentials_with_iam'",
        cause: 'This dbt-redshift cannot log in to a workgroup',
        remedy: 'Use a newer dbt-redshift',
      },
      {
        text: 'An error occurred (UnrecognizedClientException) when calling the GetCredentials operation: The security token included in the request is invalid.',
        cause: 'temporary keys without their session token',
        remedy: 'gets them from this action by other ways',
      },
      {
        text: 'Idc authentication failed',
        cause: 'IAM Identity Center',
        remedy: 'trusted token issuer',
      },
      {
        text: 'access_token missing from Idp token request',
        cause: 'no usable token from the token endpoint',
        remedy: 'must answer with `access_token`',
      },
      {
        text: "Rate limit on identity provider's token dispatch",
        cause: 'by too many connections at once',
        remedy: 'Lower `threads`',
      },
    ],
  },
  {
    title: 'Athena',
    connection: ATHENA,
    identity: `role: ${ROLE}\nregion: eu-west-1\n`,
    from: 'dbt',
    rows: [
      {
        text: 'Unable to locate credentials',
        cause: 'found no keys: something leads it past those of this action',
        remedy: 'AWS_* variables',
      },
      {
        text: 'Failed to assume role arn:aws:iam::123456789012:role/other',
        cause: `a further role with the keys of ${ROLE}`,
        remedy: 'as the last of `chain`',
      },
    ],
  },
  {
    title: 'RDS',
    connection: POSTGRES,
    identity: IDENTITY,
    from: 'dbt',
    rows: [
      {
        text: 'FATAL:  PAM authentication failed for user "dbt_prod"',
        cause: 'does not let dbt_prod in with this token',
        remedy: 'rds-db:connect to the resource id of shop.cluster-c1a2b3c4d5e6.eu-west-1.rds.amazonaws.com',
      },
      {
        text: 'FATAL:  pg_hba.conf rejects connection for host "10.0.0.1", user "dbt_prod", database "shop", no encryption',
        cause: 'takes no connection without TLS',
        remedy: 'Leave `sslmode` out',
      },
      {
        text: 'FATAL:  password authentication failed for user "dbt_prod"',
        cause: 'it is a token that has ended',
        remedy: 'A connection that dbt opens late needs the password of that moment',
      },
    ],
  },
]
