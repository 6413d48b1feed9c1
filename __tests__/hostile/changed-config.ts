/** Cases whose expectation is met in another way than their words say, each with its reason. Nobody else's expectation is changed. */
export const changedConfigCases: readonly { readonly id: string; readonly reason: string }[] = [
  {
    id: 'policy-config-03',
    reason: 'A value is always a pattern: there are no two keys for it, and the second is an unknown claim.',
  },
  {
    id: 'policy-config-13',
    reason: 'The leeway is fixed at 30 s: the key does not exist, so any value of it is refused.',
  },
  {
    id: 'policy-config-17',
    reason: 'There is no key `workflow` for a file: it is written as `workflow_ref`.',
  },
  {
    id: 'policy-config-20',
    reason: 'The warning has no code: it says the grant and the number of days.',
  },
]
