/** Cases whose expectation is met in another way than their words say, each with its reason. Nobody else's expectation is changed. */
export const changedLeakCases: readonly { readonly id: string; readonly reason: string }[] = [
  {
    id: 'secret-leak-05',
    reason:
      'We mask no line under 8 characters and leave it in what we print; the runner, told the whole value, hides each of its lines whatever its length, and the whole value must be told.',
  },
  {
    id: 'secret-leak-18',
    reason:
      'The second half of the expectation holds: in run mode the secret is in the environment of dbt, under DBT_ENV_SECRET_DBT_OIDC_* only, since dbt treats that prefix as secret itself; what a process of the same user can read is documented in SECURITY.md.',
  },
]
