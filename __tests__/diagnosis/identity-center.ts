import type { Table } from './row.ts'

const INSTANCE = 'arn:aws:sso:::instance/ssoins-1234567890abcdef'
const ROLE = 'arn:aws:iam::123456789012:role/dbt-prod'
const APPLICATION = 'arn:aws:sso::123456789012:application/ssoins-1234567890abcdef/apl-1234567890abcdef'

/** IAM Identity Center, whose refusals say little. */
export const IDENTITY_CENTER: readonly Table[] = [
  {
    title: 'IAM Identity Center',
    connection:
      'type: athena\nregion_name: eu-west-1\ns3_staging_dir: s3://acme-athena/results/\ns3_data_dir: s3://acme-lake/dbt/\ndatabase: awsdatacatalog\nschema: analytics\nwork_group: dbt\n',
    identity: `via: aws-identity-center\ninstance: ${INSTANCE}\nregion: eu-west-1\ngroup: dbt-prod\nrole: ${ROLE}\nsession-role: ${ROLE}-session\napplication: ${APPLICATION}\n`,
    from: 'exchange',
    rows: [
      {
        text: 'AWS refused CreateTokenWithIAM for APPLICATION with InvalidGrantException: UnknownError',
        cause: `no user of ${INSTANCE} has its subject for a name, or it has seen the token before`,
        remedy: 'exactly one user named repo:o/r:environment:production',
        shows: ['✓ sub  "repo:o/r:environment:production"'],
      },
      {
        text: 'AWS refused CreateTokenWithIAM for APPLICATION with AccessDeniedException: UnknownError',
        cause: 'the user repo:o/r:environment:production is not assigned to it',
        remedy: 'one that is new demands assignments and has none',
      },
      {
        text: 'AWS refused CreateTokenWithIAM for APPLICATION with InvalidClientException: UnknownError',
        cause: `${APPLICATION} is not there in eu-west-1`,
        remedy: 'aws sso-admin put-application-grant',
      },
    ],
  },
]
