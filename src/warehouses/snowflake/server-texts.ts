import { ROLE, USER, type Known } from './known.ts'

/**
 * Codes of Snowflake itself, most telling first (snowflakedb/drivers, snowflake-sdk gs_errors.js). No public source
 * states the code for a subject or audience that does not fit, so 390303 stays open.
 */
export const SERVER_TEXTS: readonly Known[] = [
  {
    text: /390318/,
    problem: 'Snowflake says that the token has expired.',
    remedy:
      'A connection was opened more than five minutes after the token was minted; lower `threads`, or split the run.',
  },
  {
    text: /390309/,
    problem: 'The user of the profile is not the user that Snowflake finds for the token.',
    remedy: 'Leave `user` away: Snowflake finds it by issuer and subject.',
  },
  {
    text: /390189/,
    problem: 'The role does not exist, or was not granted to the service user.',
    remedy: `Run GRANT ROLE ${ROLE} TO USER ${USER}: DEFAULT_ROLE alone grants nothing.`,
  },
  {
    text: /390303|390301/,
    problem:
      'Snowflake does not accept the token: its issuer, subject or audience is not that of the service user.',
    remedy: `Compare the table with \`SHOW USER WORKLOAD IDENTITY AUTHENTICATION METHODS FOR USER ${USER}\` at Snowflake.`,
  },
  {
    text: /390422/,
    problem: 'Snowflake maps the token to no user, or a network policy keeps this runner out.',
    remedy:
      'Look the login up in SNOWFLAKE.ACCOUNT_USAGE.LOGIN_HISTORY; allow the runner’s address if a policy names addresses.',
  },
  {
    text: /390100/,
    problem:
      'Snowflake took this for a login by password, or looks for the user of the token in another attribute than the one that holds it.',
    remedy:
      'Leave `password` out. With External OAuth compare EXTERNAL_OAUTH_TOKEN_USER_MAPPING_CLAIM and EXTERNAL_OAUTH_SNOWFLAKE_USER_MAPPING_ATTRIBUTE of the integration with DESCRIBE USER: SYSTEM$VERIFY_EXTERNAL_OAUTH_TOKEN does not look at the attribute, and succeeds all the same.',
  },
  {
    text: /390139/,
    problem: 'Snowflake does not know the `authenticator` of this profile, or the account does not have it.',
    remedy: 'Leave `authenticator` out: this action writes the one that goes with the token.',
  },
  {
    text: /390114|390112|390111|390104|390195/,
    problem: 'The session ended while dbt still ran.',
    remedy:
      'Set `client_session_keep_alive: true` and `reuse_connections: true` for runs that are idle for more than four hours.',
  },
  {
    text: /is not listed in the Access Token or was filtered/,
    problem: 'The access token does not carry the role that the profile asks for.',
    remedy:
      'Ask for the scope `session:role:<ROLE>`, and list the role in EXTERNAL_OAUTH_ALLOWED_ROLES_LIST; EXTERNAL_OAUTH_ANY_ROLE_MODE says whether `session:role-any` counts.',
  },
  {
    text: /394301|394302|394303/,
    problem: 'Snowflake says that the JWT of a key pair, which is no token of this action, is not valid now.',
    remedy: 'Take `private_key` and `private_key_path` out of the profile; check the clock of the runner.',
  },
  {
    text: /394304/,
    problem: 'Snowflake does not know the public key of the key pair with which the driver has logged in.',
    remedy: 'Take `private_key` and `private_key_path` out of the profile: this action needs no key.',
  },
  {
    text: /390144|394300|394305|394306/,
    problem: 'Snowflake does not take the JWT of a key pair: the user is another, or has another public key.',
    remedy:
      'Via `vault`, compare RSA_PUBLIC_KEY of the user (DESC USER) with the key that Vault gives; otherwise take `private_key`, `private_key_path` and `authenticator: snowflake_jwt` out of the profile.',
  },
  {
    text: /394400/,
    problem:
      'Snowflake took the token for a programmatic access token, which it is not, or that one is not valid.',
    remedy: 'Leave `authenticator` and `token` out of the profile.',
  },
  {
    text: /390201/,
    problem: 'A database, schema or warehouse is missing, or the role may not use it.',
    remedy: 'Grant the role of the target what the trust document lists.',
  },
]
