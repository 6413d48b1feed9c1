import type { Row, Table } from './row.ts'

const OAUTH: readonly (readonly [name: string, cause: string, remedy: string])[] = [
  ['INVALID_SIGNATURE', 'signature of the access token does not hold', 'EXTERNAL_OAUTH_JWS_KEYS_URL'],
  ['MISSING_ISSUER', 'names no issuer', '`iss`'],
  ['ACCESS_TOKEN_ISSUER_NOT_FOUND', 'No integration', 'EXTERNAL_OAUTH_ISSUER'],
  ['ACCESS_TOKEN_ISSUER_NOT_ENABLED', 'switched off', 'SET ENABLED = TRUE'],
  ['ACCESS_TOKEN_EXPIRED', 'had expired', 'live longer'],
  ['ACCESS_TOKEN_NOT_YET_VALID', 'not valid yet', 'clock of the provider'],
  ['MISSING_AUDIENCE', 'names no audience', 'EXTERNAL_OAUTH_AUDIENCE_LIST'],
  ['AUDIENCE_VALIDATION_FAILED', 'is not in EXTERNAL_OAUTH_AUDIENCE_LIST', 'List it there'],
  ['JWS_CANT_RETRIEVE_PUBLIC_KEY', 'could not read the keys', 'Snowflake must reach it'],
  ['JWS_INVALID_TYPE', 'no JWT that it can check', 'an opaque access token is none'],
  ['JWS_INVALID_FORMAT', 'no JWT that it can check', 'an opaque access token is none'],
  ['USER_CLAIM_MISSING', 'lacks the claim', 'EXTERNAL_OAUTH_TOKEN_USER_MAPPING_CLAIM'],
]

const CODES: readonly (readonly [code: string, cause: string, remedy: string])[] = [
  ['390303', 'its issuer, subject or audience', 'METHODS FOR USER GH_O_R_PROD'],
  ['390301', 'its issuer, subject or audience', 'METHODS FOR USER GH_O_R_PROD'],
  ['390318', 'the token has expired', 'five minutes'],
  ['390309', 'not the user that Snowflake finds', 'Leave `user` away'],
  ['390100', 'in another attribute', 'EXTERNAL_OAUTH_SNOWFLAKE_USER_MAPPING_ATTRIBUTE'],
  ['390422', 'a network policy keeps this runner out', 'allow the runner’s address'],
  ['390144', 'the JWT of a key pair', '`authenticator: snowflake_jwt`'],
  ['394300', 'the JWT of a key pair', '`private_key`'],
  ['394301', 'is not valid now', 'clock of the runner'],
  ['394302', 'is not valid now', 'clock of the runner'],
  ['394303', 'is not valid now', 'clock of the runner'],
  ['394304', 'does not know the public key', 'needs no key'],
  ['394305', 'the JWT of a key pair', '`private_key`'],
  ['394306', 'the JWT of a key pair', '`private_key`'],
  ['394400', 'programmatic access token', 'Leave `authenticator` and `token` out'],
  ['390112', 'The session ended', '`client_session_keep_alive: true`'],
  ['390111', 'The session ended', '`client_session_keep_alive: true`'],
  ['390114', 'The session ended', 'more than four hours'],
  ['390104', 'The session ended', '`client_session_keep_alive: true`'],
  ['390195', 'The session ended', '`client_session_keep_alive: true`'],
  ['390189', 'The role does not exist', 'GRANT ROLE TRANSFORMER TO USER GH_O_R_PROD: DEFAULT_ROLE alone'],
  ['390201', 'missing, or the role may not use it', 'what the trust document lists'],
  ['390139', 'does not know the `authenticator`', 'Leave `authenticator` out'],
]

const DRIVER: readonly Row[] = [
  {
    text: 'The role requested in the connection, or the default role if none was requested, is not listed in the Access Token or was filtered. Please specify another role, or contact your OAuth Authorization server administrator.',
    cause: 'does not carry the role',
    remedy: 'EXTERNAL_OAUTH_ANY_ROLE_MODE',
  },
  {
    text: '407002: Unable to perform operation using terminated connection.',
    cause: 'The login before this one was refused',
    remedy: 'the first one is the cause',
  },
  {
    text: 'InvalidParameterError 404062',
    cause: 'all that workload identity needs',
    remedy: 'the three together',
  },
  { text: '251021: WORKLOAD_IDENTITY', cause: 'none of Snowflake’s', remedy: 'Remove `host`' },
  {
    text: 'WORKLOAD_IDENTITY requires a recognized Snowflake host',
    cause: 'none of Snowflake’s',
    remedy: '.cn, .mil',
  },
  {
    text: 'Refusing to send a Workload Identity attestation to evil.example',
    cause: 'none of Snowflake’s',
    remedy: 'Remove `host`',
  },
  {
    text: '251018: token must be provided if authenticator=WORKLOAD_IDENTITY',
    cause: '`token_file_path`',
    remedy: 'for this action to write',
  },
  {
    text: '251017: Invalid JWT token: Invalid crypto padding',
    cause: 'a line break or a cut',
    remedy: 'may end in a line break',
  },
  {
    text: 'workload_identity_provider must be set to one of AWS,AZURE,GCP,OIDC when authenticator is WORKLOAD_IDENTITY.',
    cause: 'no `workload_identity_provider` that the driver knows',
    remedy: 'this action writes `oidc`',
  },
  {
    text: '250001: Could not connect to Snowflake backend after 2 attempt(s).Aborting',
    cause: 'could not be reached under this account name',
    remedy: 'ORGANISATION-ACCOUNT',
  },
  { text: "'user' is a required property", cause: 'upper and lower case', remedy: '1.12.0 or later' },
  {
    text: 'Your authentication has expired. Please reauth with your auth provider.',
    cause: 'ended while dbt was at work',
    remedy: '`keep-alive`',
  },
]

/** Snowflake: the server's codes, its External OAuth, and the drivers. */
export const SNOWFLAKE: readonly Table[] = [
  {
    title: 'Snowflake',
    connection:
      'type: snowflake\naccount: acme-prod\nrole: TRANSFORMER\nwarehouse: XS\ndatabase: A\nschema: D\n',
    from: 'dbt',
    rows: [
      ...CODES.map(([code, cause, remedy]) => ({ text: `${code} (08001): None: …`, cause, remedy })),
      ...OAUTH.map(([name, cause, remedy]) => ({ text: `EXTERNAL_OAUTH_${name}`, cause, remedy })),
      ...DRIVER,
    ],
  },
]
