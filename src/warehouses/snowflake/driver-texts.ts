import type { Known } from './known.ts'

/** Texts of the drivers: the Python connector that dbt uses, and the one for node that logs in before dbt. */
export const DRIVER_TEXTS: readonly Known[] = [
  {
    text: /251021|requires a recognized Snowflake host|Refusing to send a Workload Identity attestation/,
    problem: 'The driver sends no token to this host: it is none of Snowflake’s.',
    remedy: 'Remove `host`, or write the one of your account below snowflakecomputing.com (or .cn, .mil).',
  },
  {
    text: /251018|token must be provided/,
    problem: 'The driver found no token: dbt reads `token` alone and knows no `token_file_path`.',
    remedy:
      'Leave both out of the profile, for this action to write; without it use dbt-snowflake 1.12.0 or later.',
  },
  {
    text: /251017|Invalid crypto padding/,
    problem: 'The driver could not read the token: a line break or a cut makes it no JWT any more.',
    remedy:
      'Leave `token` out of the profile, for this action to write; a variable that passed through a shell may end in a line break.',
  },
  {
    text: /'user' is a required property/,
    problem:
      'This dbt-snowflake does not know that workload identity needs no user, or compares `authenticator` by upper and lower case.',
    remedy:
      'Use dbt-snowflake 1.12.0 or later; leave `authenticator` out, or write it as `workload_identity` in lower case.',
  },
  {
    text: /workload_identity_provider must be set/,
    problem: 'The profile names no `workload_identity_provider` that the driver knows.',
    remedy: 'Leave it out: this action writes `oidc`. Without it use dbt-snowflake 1.12.0 or later.',
  },
  {
    text: /404062/,
    problem: 'The driver for node was not given all that workload identity needs.',
    remedy:
      'Leave `authenticator`, `workload_identity_provider` and `token` out of the profile; this action sets the three together.',
  },
  {
    text: /407002|terminated connection/,
    problem: 'The login before this one was refused, and the driver has kept that to itself.',
    remedy: 'Look for an earlier error of Snowflake in the log: the first one is the cause.',
  },
  {
    text: /authentication has expired. Please reauth with your auth provider/,
    problem: 'The access token ended while dbt was at work, and the driver has nothing to renew it with.',
    remedy:
      'Leave `keep-alive` at `auto`, or let the provider give tokens that live as long as the run takes.',
  },
  {
    text: /250001|Could not connect to Snowflake backend/,
    problem: 'Snowflake could not be reached under this account name.',
    remedy: 'Check `account` (ORGANISATION-ACCOUNT) and that the runner can reach its host on port 443.',
  },
]
