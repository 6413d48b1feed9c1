/** A JWT, whole or cut, and secrets that their makers have given a prefix to be known by (each by its vendor's documentation). */
const SECRET = new RegExp(
  [
    String.raw`eyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)?`, // RFC 7519
    String.raw`\b(?:gh[opsur]_|github_pat_)\w{16,}`, // GitHub
    String.raw`\bgl(?:pat|cbt|ptt|rt|dt|oas|ft|soat|agent)-[\w-]{16,}`, // GitLab
    String.raw`\bhv[sbr]\.[\w-]{16,}`, // Vault
    String.raw`\b(?:AKIA|ASIA)[A-Z0-9]{16}\b`, // AWS
    String.raw`\bdapi[0-9a-f]{32}`, // Databricks
    String.raw`\bbkua_\w{16,}`, // Buildkite
    String.raw`\bxox[a-z]-[\w-]{10,}`, // Slack
    String.raw`\bya29\.[\w-]{16,}`, // Google
    String.raw`-----BEGIN [A-Z ]*PRIVATE KEY-----`,
  ].join('|'),
  'g',
)

/**
 * A refusal quotes what was given, and somebody who gives a token where a file is expected (`--token "$TOKEN"`) must not
 * find it in the log of the job as well.
 */
export function withoutTokens(text: string): string {
  return text.replaceAll(SECRET, '(a token, not shown)')
}

/** Whether something that must not be shown stands in a text. */
export function holdsSecret(text: string): boolean {
  return withoutTokens(text) !== text
}
