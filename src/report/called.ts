type Variables = Readonly<Record<string, string | undefined>>

/**
 * How the command line of this very action is called, in a text that speaks of it: by the repository and the version that
 * the step uses, since its bare name is on nobody's PATH. As it is where the runner does not tell them.
 */
export function called(
  { GITHUB_ACTION_REPOSITORY: from, GITHUB_ACTION_REF: ref }: Variables,
  text: string,
): string {
  if (!/^[\w.-]+\/[\w.-]+$/.test(from ?? '') || !/^[\w./-]+$/.test(ref ?? '')) return text
  return text.replaceAll(/`dbt-oidc (?=[a-z])/g, `\`npx github:${from}#${ref} `)
}
