/** Names of the secrets that a workflow reads, GitHub's own token apart. */
export function secretsIn(text: string): ReadonlySet<string> {
  const found = [...text.matchAll(/\bsecrets\s*(?:\.\s*([A-Za-z_]\w*)|\[\s*'([A-Za-z_]\w*)'\s*\])/g)]
  return new Set(
    found.map(([, one, other]) => one ?? other ?? '').filter((name) => name.toUpperCase() !== 'GITHUB_TOKEN'),
  )
}

/** Whether a workflow hands on all secrets, so that nobody can tell which are needed. */
export function handsOnAll(text: string): boolean {
  return /\bsecrets:\s*inherit\b|\btoJSON\(\s*secrets\s*\)/i.test(text)
}
