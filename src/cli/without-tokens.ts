/** A JWT, whole or cut, and the tokens of GitHub by their prefixes (docs.github.com, "Token formats"). */
const TOKEN = /eyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)?|\b(?:gh[opsur]_|github_pat_)\w{16,}/g

/**
 * A refusal quotes what was given, and somebody who gives a token where a file is expected (`--token "$TOKEN"`) must not
 * find it in the log of the job as well.
 */
export function withoutTokens(text: string): string {
  return text.replaceAll(TOKEN, '(a token, not shown)')
}
