/** One way in which a secret can get out, in words: what happens, and what must come of it. */
export interface LeakCase {
  readonly id: string
  readonly class: 'secret-leak'
  readonly name: string
  readonly input: string
  readonly expected: string
  readonly why: string
}

/** Ways in which a secret can get out of a run. */
export const leakCases: readonly LeakCase[] = [
  {
    id: 'secret-leak-01',
    class: 'secret-leak',
    name: 'access token in stdout',
    input: 'dbt prints the access token',
    expected: '*** in the log; the action registers the mask and scrubs before it streams',
    why: 'a model can print what it can read',
  },
  {
    id: 'secret-leak-02',
    class: 'secret-leak',
    name: 'base64, shifted base64',
    input: 'dbt prints base64(user:token), also shifted by 1 and 2 bytes',
    expected: 'masked by the three base64 encoders of the runner; in files by our own scrubber',
    why: 'common encodings of credentials',
  },
  {
    id: 'secret-leak-04',
    class: 'secret-leak',
    name: 'not covered by the runner',
    input:
      'dbt prints the token as hex, as base64url without padding, URL-encoded with lower-case %2b, reversed, split over 2 lines, or its first 20 characters',
    expected:
      'masks are added for the base64url and hex forms and for each JWT part; what stays uncovered (reversed, split, short prefix) is documented',
    why: 'JWT header.payload alone is not masked by masking the whole token',
  },
  {
    id: 'secret-leak-05',
    class: 'secret-leak',
    name: 'multi-line PEM',
    input: 'A multi-line PEM key as secret; dbt prints one line of it',
    expected: 'each line is masked; lines under 8 characters are skipped',
    why: 'add-mask registers each line of a multi-line value',
  },
  {
    id: 'secret-leak-07',
    class: 'secret-leak',
    name: 'mask before any write',
    input: 'Record the order of setSecret, setOutput, debug lines and spawns',
    expected: 'no byte holding the secret is written before its mask',
    why: 'a mask does not work backwards',
  },
  {
    id: 'secret-leak-09',
    class: 'secret-leak',
    name: 'error body from STS/IdP',
    input: 'Exchange endpoint answers 400 with a body that echoes the assertion',
    expected: 'error text redacted and at most 500 characters',
    why: 'error bodies are copied into logs',
  },
  {
    id: 'secret-leak-11',
    class: 'secret-leak',
    name: 'model reads request token',
    input: 'A model or macro holds {{ env_var("ACTIONS_ID_TOKEN_REQUEST_TOKEN") }}',
    expected: 'dbt fails with its missing-variable error, as ACTIONS_* is absent in the child environment',
    why: 'measured: dbt 1.10.23 prints it; with it a model can mint tokens for any audience',
  },
  {
    id: 'secret-leak-12',
    class: 'secret-leak',
    name: 'child env',
    input:
      'Parent environment with GITHUB_TOKEN, ACTIONS_RUNTIME_TOKEN, INPUT_*, AWS_*; stub dbt dumps its environment',
    expected:
      'child environment is an allowlist: none of them arrives (AWS_* only where the chosen warehouse needs it)',
    why: 'the child is untrusted code',
  },
  {
    id: 'secret-leak-13',
    class: 'secret-leak',
    name: 'dbt target/ and logs/',
    input: 'After a run grep target/** and logs/** for every secret',
    expected: '0 hits, or scrubbed or warned before upload',
    why: 'measured: values of non-secret env_var land in 6 files (manifest.json, partial_parse.msgpack, graph.gpickle, run/*.sql, run_results.json, dbt.log)',
  },
  {
    id: 'secret-leak-14',
    class: 'secret-leak',
    name: 'DBT_ENV_SECRET_ prefix',
    input: 'A model uses {{ env_var("DBT_ENV_SECRET_X") }}',
    expected: 'compile error from dbt; the value is scrubbed from its logs',
    why: 'dbt allows the prefix only in profiles, packages and project files',
  },
  {
    id: 'secret-leak-15',
    class: 'secret-leak',
    name: '{{ target }} print',
    input: 'A macro runs log(target)',
    expected: 'no password or token in the output',
    why: 'measured on duckdb only: target printed connection keys without secrets',
  },
  {
    id: 'secret-leak-16',
    class: 'secret-leak',
    name: 'profiles.yml in upload-artifact path: .',
    input: 'A later step uploads the whole workspace (path: .) as artifact',
    expected: 'profiles.yml lies outside the workspace',
    why: 'google-github-actions/auth writes to the workspace and warns of this leak',
  },
  {
    id: 'secret-leak-17',
    class: 'secret-leak',
    name: 'core dump',
    input: 'Core dumps enabled (ulimit -c unlimited) and the child dies by SIGSEGV',
    expected: 'RLIMIT_CORE is 0 for the child, or the risk is documented',
    why: 'a core file holds every secret',
  },
  {
    id: 'secret-leak-18',
    class: 'secret-leak',
    name: '/proc/<pid>/environ',
    input: 'A same-uid process on a self-hosted runner reads /proc/<pid>/environ of dbt',
    expected: 'secrets go in a 0600 file rather than the environment, or the exposure is documented',
    why: 'shared self-hosted runners',
  },
]
