/** What holds a class besides the cases of the corpus: a file of tests, or those of one title in it. */
export interface Proof {
  readonly what: string
  /** Below `__tests__/`. */
  readonly file: string
  /** Of a test or of a group, as it is written there. */
  readonly title?: string
  /** How many tests there must be. */
  readonly atLeast?: number
}

/** One line of the bar that tests hold. */
export interface Class {
  readonly name: string
  readonly required: string
  /** Its classes in the corpus of hostile inputs. */
  readonly corpus: readonly string[]
  /** Whose titles name the cases by their numbers. */
  readonly files: readonly string[]
  readonly proofs: readonly Proof[]
}

/** The lines of the bar that tests hold, in its order. */
export const CLASSES: readonly Class[] = [
  {
    name: 'token format',
    required:
      'none wrongly accepted, no text of a token in an error; the same of 318 RSA vectors of Wycheproof',
    corpus: ['token-format'],
    files: ['token-format.test.ts'],
    proofs: [
      { what: 'Wycheproof', file: 'servers/wycheproof.spec.ts', atLeast: 4 },
      {
        what: 'changed tokens',
        file: 'token-format.test.ts',
        title: 'no change of a good token is ever accepted',
      },
      { what: 'forged payloads', file: 'token-format.test.ts', title: 'no payload but the signed one' },
    ],
  },
  {
    name: 'token claims',
    required: 'none wrong either way',
    corpus: ['token-claims'],
    files: ['token-claims.test.ts'],
    proofs: [],
  },
  {
    name: 'key sets',
    required: 'none wrong; at most one fetch in 60 s in a storm',
    corpus: ['jwks'],
    files: ['token-keys.test.ts', 'token-claims.test.ts'],
    proofs: [
      { what: 'after a storm', file: 'token-keys.test.ts', title: 'after the cooldown an unknown kid' },
    ],
  },
  {
    name: 'policy match',
    required: 'none wrong, 23 strings that look like workflows, no counterexample to a property',
    corpus: ['policy-match'],
    files: ['policy.test.ts'],
    proofs: [
      { what: 'workflow strings', file: 'policy.test.ts', title: 'parseWorkflowRef', atLeast: 23 },
      { what: 'properties of the matcher', file: 'pattern.test.ts' },
      { what: 'properties of the decision', file: 'policy.test.ts', title: 'properties' },
    ],
  },
  {
    name: 'policy configuration',
    required: 'all refused at the start, before any request',
    corpus: ['policy-config'],
    files: ['config-corpus.test.ts', 'schema.test.ts'],
    proofs: [
      {
        what: 'before any request',
        file: 'process-input.test.ts',
        title: 'an input is refused before any request',
      },
    ],
  },
  {
    name: 'event',
    required: 'events of strangers are denied unless named',
    corpus: ['event'],
    files: ['policy.test.ts', 'process-event.test.ts', 'process-no-token.test.ts', 'process-denied.test.ts'],
    proofs: [{ what: 'the built action', file: 'process-event.test.ts' }],
  },
  {
    name: 'injection into the profile',
    required: 'no value unequal after dbt itself has read it, 10,000 random ones among them',
    corpus: ['profiles-injection'],
    files: ['profile.test.ts', 'profile-dbt.test.ts'],
    proofs: [
      {
        what: 'random texts through dbt’s loader',
        file: 'profile-dbt.test.ts',
        title: 'is every one of more than 5,000 random hostile texts',
      },
      { what: 'scalars as PyYAML reads them', file: 'profile-dbt.test.ts', title: 'an unquoted scalar' },
      {
        what: 'a profile that was there',
        file: 'profile-dbt.test.ts',
        title: 'means the same for random texts in every style',
      },
    ],
  },
  {
    name: 'workflow commands',
    required: 'none executed by the port of the runner’s command manager',
    corpus: ['workflow-command'],
    files: ['writer.test.ts'],
    proofs: [
      {
        what: 'the filter',
        file: 'writer.test.ts',
        title: 'executes nothing, at any cut, and keeps what is to be seen',
      },
      {
        what: 'the masking bracket',
        file: 'writer.test.ts',
        title: 'never get out, at any cut, on either stream',
      },
    ],
  },
  {
    name: 'command files, arguments, paths',
    required: 'no way out; modes 0600 and 0700',
    corpus: ['file-command', 'argv', 'path'],
    files: [
      'process-files.test.ts',
      'process-dbt.test.ts',
      'dbt-environment.test.ts',
      'files.test.ts',
      'process-cleanup.test.ts',
      'argv.test.ts',
      'dbt-resolve.test.ts',
      'config-corpus.test.ts',
      'profile-paths.test.ts',
    ],
    proofs: [
      { what: 'outputs, variables and states read back', file: 'command-files.test.ts' },
      { what: 'the argument parser', file: 'argv.test.ts', title: 'properties', atLeast: 3 },
      { what: 'modes', file: 'files.test.ts', title: 'keeps these modes under umask %o', atLeast: 3 },
    ],
  },
  {
    name: 'leaks of secrets',
    required: 'no secret in output, files or environments',
    corpus: ['secret-leak'],
    files: [
      'process-leaks.test.ts',
      'process-secrets.test.ts',
      'process-lease.test.ts',
      'process-dbt.test.ts',
    ],
    proofs: [
      { what: 'a whole run', file: 'process-leaks.test.ts', title: 'a granted run' },
      { what: 'the scan itself', file: 'support-leaks.test.ts' },
    ],
  },
  {
    name: 'faults of GitHub’s endpoint',
    required: 'each told by a code of its own, tried again where that helps, and never exit code 0',
    corpus: ['fault-oidc'],
    files: ['token-request.test.ts'],
    proofs: [
      { what: 'exit codes of the built action', file: 'process-endpoint.test.ts' },
      { what: 'the same with dbt', file: 'process-faults.test.ts' },
      {
        what: 'never exit 0',
        file: 'token-request-process.test.ts',
        title: 'never ends a process with exit code 0',
      },
    ],
  },
  {
    name: 'faults of an exchange',
    required: 'all; 50 of 50 jobs at once',
    corpus: ['fault-exchange'],
    files: ['process-exchange-faults.test.ts'],
    proofs: [
      { what: '50 jobs at once', file: 'process-storm.test.ts' },
      { what: 'the built action', file: 'process-exchange-faults.test.ts' },
    ],
  },
  {
    name: 'faults of processes',
    required: 'ended within 7 s of SIGINT, no profile left, no orphan',
    corpus: ['fault-process'],
    files: [],
    proofs: [
      { what: 'cancel and cleanup', file: 'process-cleanup.test.ts' },
      { what: 'two uses at one time', file: 'process-broker.test.ts', title: 'two uses of the action' },
    ],
  },
  {
    name: 'faults of the disk',
    required: 'an error, no part of a file, no other place',
    corpus: ['fault-disk'],
    files: [],
    proofs: [{ what: 'a disk that is full', file: 'process-disk.test.ts' }],
  },
  {
    name: 'network and its environment',
    required: 'all',
    corpus: ['network-env'],
    files: [],
    proofs: [{ what: 'behind a proxy', file: 'process-behind-proxy.test.ts' }],
  },
  {
    name: 'generator of trusts',
    required: 'read back and equal to the policy, over 10,000 tokens for each platform',
    corpus: ['trust-generator'],
    files: [],
    proofs: [
      {
        what: 'equal to the policy',
        file: 'trust-equivalence.test.ts',
        title: 'to our written model of its matching',
      },
      { what: 'differences are found', file: 'trust-equivalence.test.ts', title: 'is found out' },
      { what: 'names that want more', file: 'servers/trust-injection.spec.ts' },
    ],
  },
]

/** The line whose figures are measured: tests hold some of its cases. */
export const VOLUME: Class = {
  name: 'volume',
  required: 'each in its time and memory',
  corpus: ['volume'],
  files: ['annotations.test.ts', 'dbt-artifacts.test.ts', 'outputs.test.ts'],
  proofs: [],
}
