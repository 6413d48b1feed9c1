/** The test that plays a case, where no test names it by its number. */
export interface Played {
  /** Below `__tests__/`, or a task that measures. */
  readonly file: string
  readonly title: string
  /** Why it ends otherwise than the corpus has it. */
  readonly otherwise?: string
}

export const ELSEWHERE: Readonly<Record<string, Played>> = {
  'event-07': {
    file: 'process-no-token.test.ts',
    title: 'that lacks %s fails, whatever `without-token` says',
    otherwise:
      'A run of Dependabot gets no token either, and may say so with `without-token`; it never falls back to a stored secret.',
  },
  'profiles-injection-10': {
    file: 'profile-dbt.test.ts',
    title:
      'is every one of more than 5,000 random hostile texts, as values, and more as keys, items and secrets',
  },
  'fault-exchange-04': {
    file: 'aws.test.ts',
    title: '%s is tried again with a fresh token',
  },
  'fault-exchange-06': {
    file: 'aws.test.ts',
    title: 'by tokens that are expired: each try takes a fresh one',
  },
  'fault-exchange-11': {
    file: 'process-keepalive.test.ts',
    title: 'an outage of GitHub while dbt runs is told, and dbt has a fresh token when it is over',
  },
  'fault-exchange-13': {
    file: 'http.test.ts',
    title: 'the time for all tries is kept, and each try is told what is left of it',
    otherwise:
      'The code is that of the side which did not answer (`exchange-unavailable`, `id-token-endpoint`): it says more than that time was up.',
  },
  'fault-exchange-14': { file: 'aws.test.ts', title: 'a session of another account is not used' },
  'fault-process-01': {
    file: 'process-cleanup.test.ts',
    title: 'by %s while dbt does %j ends in time with all that it started',
  },
  'fault-process-03': {
    file: 'process-cleanup.test.ts',
    title: 'by %s while dbt does %j ends in time with all that it started',
  },
  'fault-process-04': {
    file: 'process-cleanup.test.ts',
    title: 'has removed its directory while dbt still ends, and a second SIGINT ends dbt at once',
  },
  'fault-process-05': {
    file: 'process-cleanup.test.ts',
    title: 'ends the dbt of a step that was killed (dbt does %j), and then removes the files',
  },
  'fault-process-06': {
    file: 'process-dbt.test.ts',
    title: 'that dies by %s is told with its name, and what an earlier run left is not taken for its result',
  },
  'fault-process-08': {
    file: 'process-dbt.test.ts',
    title: 'is told apart by its exit code: 1 for what was built, 2 for how it was asked',
  },
  'fault-process-10': {
    file: 'process-dbt.test.ts',
    title: 'does not wait for a process that holds its output open, and ends it',
  },
  'fault-process-11': {
    file: 'dist.test.ts',
    title: 'both roots set the exit code to 1 before they import anything',
  },
  'fault-disk-01': {
    file: 'files.test.ts',
    title: 'leaves no part of a file that could not be written whole',
  },
  'fault-disk-05': {
    file: 'process-grant.test.ts',
    title: 'whose audit log cannot be written does not happen',
    otherwise: 'It always fails: no token is used that is not on record.',
  },
  'fault-disk-06': {
    file: 'process-disk.test.ts',
    title: 'a post step that finds its directory gone has nothing to say (fault-disk-06)',
  },
  'volume-01': { file: '../scripts/bar/volume.ts', title: '1 GB of output in lines' },
  'volume-03': { file: '../scripts/bar/volume.ts', title: 'run_results.json of 50,000 nodes' },
  'volume-05': { file: 'annotations.test.ts', title: 'are all shown while they fit' },
  'volume-06': {
    file: 'dbt-artifacts.test.ts',
    title: 'that were there before the run belong to nobody, nor does a result twice',
  },
  'volume-07': {
    file: 'outputs.test.ts',
    title: 'tell all of a run that succeeded',
    otherwise:
      'No output can grow: each is a name, a path or a time, and the credential that `output-credential` asks for is at most 64 KiB.',
  },
  'network-env-02': { file: 'http.test.ts', title: 'NO_PROXY=%s for %s' },
  'network-env-03': {
    file: 'http.test.ts',
    title: 'a proxy password is known in each of its spellings, to be masked',
  },
  'network-env-04': {
    file: 'http.test.ts',
    title: 'a private certificate authority works when it is named, and only for its hosts',
  },
  'network-env-05': {
    file: 'http.test.ts',
    title: 'an unknown, an expired and a switched-off certificate are refused, and not tried again',
  },
  'network-env-06': { file: 'token-claims.test.ts', title: 'the issuer of %s is %s' },
  'network-env-08': {
    file: 'http-families.test.ts',
    title: 'a server is reached by IPv6 and by IPv4, where it has no other',
  },
  'trust-generator-01': {
    file: 'servers/trust-injection.spec.ts',
    title: 'are nothing but words of a statement in SQL',
  },
  'trust-generator-03': {
    file: 'aws-trust.test.ts',
    title: 'lets in whatever the grants let in; and nothing else, where it says that it holds all',
  },
  'trust-generator-04': {
    file: 'aws-trust.test.ts',
    title: 'is a document to paste that says what is held where',
  },
  'trust-generator-05': {
    file: 'google-condition.test.ts',
    title: 'anchors a pattern at both ends and takes nothing in it for an operator',
  },
  'trust-generator-07': {
    file: 'entra-flexible.test.ts',
    title: 'lets in what the pattern means, in both forms of the subject, and no other repository',
  },
  'trust-generator-08': {
    file: 'entra-flexible.test.ts',
    title: 'names the subject and the ids, without one of which Entra takes none for GitHub',
  },
  'trust-generator-10': {
    file: 'trust-equivalence.test.ts',
    title: 'to our written model of its matching, the trust is what the policy grants',
  },
}
