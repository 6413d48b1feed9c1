/** Sources that are broken one mutant at a time, and the fast tests that must notice. */
export interface Part {
  readonly sources: readonly string[]
  /** Names in `__tests__/`, without `.test.ts`. None may start a process: a thousand mutants are a thousand runs. */
  readonly tests: readonly string[]
}

/** One of the places where a fault lets somebody in or a secret out, in parts that are judged apart for speed. */
export interface Group {
  readonly name: string
  readonly parts: readonly Part[]
}

/** What a score and a coverage must reach, in percent. */
export const BAR = { score: 90, coverage: 95 } as const

export const GROUPS: readonly Group[] = [
  {
    name: 'token',
    parts: [
      {
        sources: [
          'src/token/gate.ts',
          'src/token/issuer.ts',
          'src/token/json.ts',
          'src/token/parts.ts',
          'src/token/shape.ts',
          'src/token/times.ts',
        ],
        tests: ['token-sentences', 'token-format', 'token-claims', 'token-other'],
      },
      {
        sources: ['src/token/jwks.ts', 'src/token/keys.ts'],
        tests: ['token-sentences', 'token-keys-fetched', 'token-keys'],
      },
      { sources: ['src/token/other.ts', 'src/token/tokens.ts'], tests: ['token-run', 'token-other'] },
      { sources: ['src/token/answer.ts'], tests: ['token-answer'] },
      { sources: ['src/token/request.ts', 'src/token/watch.ts'], tests: ['token-request'] },
      { sources: ['src/token/absent.ts', 'src/token/pull-request.ts'], tests: ['absent'] },
    ],
  },
  {
    name: 'policy',
    parts: [
      {
        sources: [
          'src/policy.ts',
          'src/policy/compare.ts',
          'src/policy/events.ts',
          'src/policy/hints.ts',
          'src/policy/rename.ts',
          'src/policy/subject.ts',
          'src/policy/warnings.ts',
          'src/policy/workflow-ref.ts',
        ],
        tests: ['policy', 'policy-hints', 'policy-warnings'],
      },
      { sources: ['src/policy/visible.ts'], tests: ['policy-hints'] },
      {
        sources: [
          'src/claim-names.ts',
          'src/policy/candidates.ts',
          'src/policy/event-names.ts',
          'src/policy/lint.ts',
          'src/policy/reach.ts',
          'src/policy/values.ts',
          'src/policy/width.ts',
        ],
        tests: ['policy-lint', 'policy-reach'],
      },
    ],
  },
  { name: 'pattern', parts: [{ sources: ['src/pattern.ts'], tests: ['pattern'] }] },
  {
    name: 'profile',
    parts: [
      {
        sources: [
          'src/profile.ts',
          'src/profile/existing.ts',
          'src/profile/output.ts',
          'src/profile/value.ts',
        ],
        tests: ['profile', 'profile-existing'],
      },
      { sources: ['src/yaml/scalar.ts'], tests: ['yaml'] },
    ],
  },
  {
    name: 'log filter',
    parts: [
      {
        sources: [
          'src/report/capture.ts',
          'src/report/commands.ts',
          'src/report/foreign.ts',
          'src/report/gate.ts',
          'src/report/neutralise.ts',
          'src/report/writer.ts',
        ],
        tests: ['log-filter', 'writer'],
      },
    ],
  },
  {
    name: 'scrubber',
    parts: [{ sources: ['src/report/forms.ts', 'src/report/scrub.ts'], tests: ['scrub', 'writer'] }],
  },
  {
    name: 'trust quoting',
    parts: [
      {
        sources: ['src/trust/hcl.ts', 'src/trust/iam.ts', 'src/trust/label.ts', 'src/trust/quote.ts'],
        tests: ['trust-quote', 'trust-terraform'],
      },
      { sources: ['src/trust/wildcard.ts'], tests: ['trust-read'] },
      { sources: ['src/exchanges/aws/condition.ts', 'src/trust/stars.ts'], tests: ['aws-condition'] },
      { sources: ['src/exchanges/entra/flexible.ts'], tests: ['entra-flexible'] },
      { sources: ['src/exchanges/google/condition.ts'], tests: ['google-condition'] },
      { sources: ['src/warehouses/trino/regex.ts'], tests: ['trino'] },
    ],
  },
]
