/** Every code of a finding, with what it means; the page of `lint` explains them in these words. */
export const FINDING_CODES = {
  configuration: 'the step would refuse the policy, or warns of it',
  'open-pattern': 'a pattern lets in more than a name would: any branch, any value, more than one repository',
  overlap: 'one run can fit two grants for different targets, so that their order decides',
  unreachable:
    'no token of GitHub fits the grant, or an earlier one for the same target takes every run that does',
  shadowed:
    'an earlier grant for another target takes every run that fits: only a step that asks for the target gets it',
  ungranted: 'no grant names the target',
  'review-age': 'the grant was last reviewed longer ago than `review.warn`; past `review.fail` it is refused',
  'review-missing': 'the grant has no `reviewed:`',
  'environment-open':
    'any branch may use the environment, or more than the grant names, or nobody has made it (`--github`)',
  'environment-shut': 'the environment lets the branch that the grant names not use it (`--github`)',
  'environment-untold': 'GitHub does not tell who may use the environment (`--github`)',
  'audience-missing': 'no audience is asked for: a token that was made for another service comes in',
  'audience-own': 'the audience `dbt-oidc` is taken, by which this action merely decides',
  'audience-default': 'the audience is the one that GitHub writes where nobody asks for another',
  'audience-pattern': 'the audience is a pattern',
  'audience-shared':
    'two targets, or two trusts, take the same audience: a token for the one can be shown to the other',
  'issuer-missing': 'no issuer is named',
  'issuer-alike': 'the issuer looks like GitHub’s and is another text',
  'issuer-foreign': 'the issuer is not GitHub; what its tokens say is not judged',
  'keys-of-its-own': 'the keys are uploaded, and not those that the issuer publishes',
  'subject-missing': 'no subject is asked for: every repository on GitHub comes in',
  'any-repository': 'the conditions leave open whose repository it is',
  'owner-open': 'the owner is a pattern, which others than the one that is meant can fit',
  'repository-open': 'the repository is a pattern, or all of an owner’s are meant',
  'by-name': 'the repository is held by its name alone, which somebody else can come to have',
  'any-run': 'every run of the repository comes in, pull requests included',
  'any-ref': 'every branch and tag comes in',
  'not-understood': 'the repository hangs on an expression that is not judged here',
  'for-all-values': '`ForAllValues` also holds where the claim is absent',
  'if-exists': '`…IfExists` also holds where the claim is absent',
  'not-equals': 'every value but some comes in, and every token without the claim',
  'star-as-it-is': 'the platform takes the star as a character, so that nobody comes in',
  'unknown-claim': 'GitHub’s tokens are not known to have this claim',
  'key-of-another-issuer': 'the condition is on a key of another issuer, so that no token fits',
  'principal-any': 'everybody comes in without a token of GitHub',
  nobody: 'nobody comes in by it',
  age: 'it was made, and its grants were last reviewed, longer ago than `review.warn` allows, where the platform tells',
  unused: 'nobody has come in by it for longer than `review.warn`, where the platform tells',
  'not-compared': '`drift` only: the platform did not tell how the trust stands',
} as const satisfies Readonly<Record<string, string>>

/** The stable name of a finding. */
export type FindingCode = keyof typeof FINDING_CODES
