/** How the variables of our secrets are called; their middle is new in each run. */
export const OWN_NAME = /^DBT_ENV_SECRET_DBT_OIDC_[0-9A-F]{32}_([A-Z_]+)$/

/** The variable by which a dbt got one of our secrets; empty where it did not. */
export function variableOf(secret: string, env: Readonly<Record<string, string>> = {}): string {
  return Object.keys(env).find((name) => OWN_NAME.exec(name)?.[1] === secret) ?? ''
}
