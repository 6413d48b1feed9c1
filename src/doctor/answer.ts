/** What GitHub has said to one question: the value, or why there is none. */
export type Answer<T> = { readonly told: T } | { readonly untold: string }

/** Whether GitHub has said that there is no such thing, or that the token may not see it: its 404 means either. */
export function isAbsent<T>(answer: Answer<T>): boolean {
  return 'untold' in answer && answer.untold === '404'
}

/** How a refusal is told, with the permission that the question needs. */
export function untoldBecause(untold: string, permission: string): string {
  if (untold === '401') return 'GitHub does not know the token of GITHUB_TOKEN (401).'
  if (untold === '301')
    return 'GitHub knows it by another name now (301): write that one into the policy, and run `trust` again.'
  if (untold === '403' || untold === '404') return `GitHub does not tell (${untold}): it needs ${permission}.`
  return `GitHub does not tell (${untold}).`
}
