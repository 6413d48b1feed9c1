/** Cases whose expectation is met in another way than their words say, each with its reason. Nobody else's expectation is changed. */
export const changedTokenCases: readonly { readonly id: string; readonly reason: string }[] = [
  {
    id: 'token-claims-28',
    reason:
      'The token is accepted as expected, but no debug line is written: an unknown claim is an ordinary claim that a grant may name, and `until: claims` prints all of them.',
  },
]
