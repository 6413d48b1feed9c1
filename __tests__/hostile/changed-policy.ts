/** Cases whose expectation is met in another way than their words say, each with its reason. Nobody else's expectation is changed. */
export const changedPolicyCases: readonly { readonly id: string; readonly reason: string }[] = [
  {
    id: 'policy-match-13',
    reason: '`branch: main` is written `ref: refs/heads/main`; the outcome is the same.',
  },
  {
    id: 'policy-match-14',
    reason: '`branch: main` is written `ref: refs/heads/main`; the outcome is the same.',
  },
  {
    id: 'policy-match-19',
    reason:
      'The token of `repo:o/r:*` is the one of a push: `*` rightly matches the single word `pull_request`, so this pattern is refused when the policy is read, before any token.',
  },
  {
    id: 'policy-match-29',
    reason:
      'The ref policy is one written on `sub`; a grant on `ref` reads the claim `ref` and never the subject.',
  },
  { id: 'policy-match-32', reason: '`require-protected` is written `ref_protected: "true"`.' },
  {
    id: 'policy-match-33',
    reason: 'There is no key `workflow` for a file: it is written as `workflow_ref`.',
  },
  {
    id: 'policy-match-34',
    reason: 'There is no key `workflow` for a file: it is written as `workflow_ref`.',
  },
  {
    id: 'policy-match-35',
    reason: 'There is no key `workflow` for a file: it is written as `workflow_ref`.',
  },
  {
    id: 'policy-match-48',
    reason:
      'First match wins, and a run that matches grants of two targets is warned. The verdict for a target that is asked for by name does not depend on order.',
  },
]
