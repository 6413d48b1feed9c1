/** Class `policy-config` of the hostile corpus, in the words of this project's policy file. */
export interface ConfigCase {
  readonly id: string
  readonly name: string
  /** The policy file, or only the `when` of its one grant. */
  readonly policy?: string
  readonly when?: string
  readonly inputs?: Readonly<Record<string, string>>
  /** What the message must contain; absent: the configuration is accepted. */
  readonly refused?: string
  readonly warns?: string
}

const grant = (extra: string): string =>
  `targets: { prod: { connection: { type: duckdb } } }\ngrants:\n  - target: prod\n    when: { ref: refs/heads/main }\n    ${extra}\n`

export const CONFIG_CASES: readonly ConfigCase[] = [
  { id: 'policy-config-01', name: 'an empty policy', policy: '{}', refused: '`targets` is missing' },
  {
    id: 'policy-config-02',
    name: 'a grant without a condition',
    when: '{}',
    refused: 'names no claim|Nothing restricts',
  },
  {
    id: 'policy-config-02',
    name: 'a grant for the repository alone',
    when: '{ repository: o/r }',
    refused: 'Nothing restricts',
  },
  {
    id: 'policy-config-03',
    name: 'literal and pattern',
    when: '{ sub: a, subject_pattern: b }',
    refused: 'subject_pattern',
  },
  {
    id: 'policy-config-07',
    name: 'a misspelt key',
    policy: 'repositry: o/r\n',
    refused: 'did you mean `repository`',
  },
  {
    id: 'policy-config-08',
    name: 'a misspelt claim',
    when: '{ enviroment: prod }',
    refused: 'did you mean `environment`',
  },
  {
    id: 'policy-config-08',
    name: 'a custom claim',
    when: '{ repo_property_tier: gold, x-mine: 1, ref: refs/heads/main }',
  },
  {
    id: 'policy-config-11',
    name: 'a key given twice',
    policy: 'repository: o/r\nrepository: o/s\n',
    refused: 'twice|duplicate|already',
  },
  {
    id: 'policy-config-12',
    name: 'a tag that makes code',
    when: '{ ref: !!js/function "x" }',
    refused: 'Tags',
  },
  {
    id: 'policy-config-12',
    name: 'a tag that makes bytes',
    when: '{ ref: !!binary "eA==" }',
    refused: 'Tags',
  },
  { id: 'policy-config-13', name: 'a negative leeway', policy: 'clock-skew: -5\n', refused: 'clock-skew' },
  { id: 'policy-config-13', name: 'a leeway of a day', policy: 'clock-skew: 86400\n', refused: 'clock-skew' },
  { id: 'policy-config-15', name: 'null', when: '{ environment: null }', refused: 'leave the claim out' },
  { id: 'policy-config-15', name: 'nothing', when: '{ environment: }', refused: 'leave the claim out' },
  {
    id: 'policy-config-16',
    name: '256 characters',
    when: `{ repository_owner: ${'o'.repeat(256)}, ref: refs/heads/main }`,
    refused: 'repository_owner',
  },
  {
    id: 'policy-config-17',
    name: 'an owner that GitHub has not',
    when: '{ repository_owner: "invalid_characters@", ref: refs/heads/main }',
    refused: 'repository_owner',
  },
  {
    id: 'policy-config-17',
    name: 'a repository that GitHub has not',
    when: '{ repository: "$x", ref: refs/heads/main }',
    refused: 'repository',
  },
  {
    id: 'policy-config-17',
    name: 'a workflow that GitHub has not',
    when: '{ workflow_ref: /slash.yml, ref: refs/heads/main }',
    refused: 'workflow_ref',
  },
  {
    id: 'policy-config-17',
    name: 'a leading space',
    when: '{ environment: " foo" }',
    refused: 'environment',
  },
  {
    id: 'policy-config-19',
    name: 'a title that looks like YAML',
    inputs: { connection: '{ type: duckdb }', ref: 'x\nrepository: evil/r' },
    refused: 'input "ref"',
  },
  {
    id: 'policy-config-19',
    name: 'a title that looks like a grant, among the claims',
    inputs: { connection: '{ type: duckdb }', claims: 'actor: "x\\nrepository: evil/r"' },
    refused: 'input "claims"',
  },
  {
    id: 'policy-config-20',
    name: 'a stale review',
    policy: grant('reviewed: 2026-01-01'),
    warns: '327 days ago',
  },
  {
    id: 'policy-config-21',
    name: 'a review that is no date',
    policy: grant('reviewed: 2099-13-40'),
    refused: 'no date of the calendar',
  },
  {
    id: 'policy-config-21',
    name: 'a review in the future',
    policy: grant('reviewed: 2099-01-01'),
    refused: 'in the future',
  },
  { id: 'policy-config-21', name: 'a review soon', policy: grant('reviewed: soon'), refused: 'YYYY-MM-DD' },
]

/** Cases whose proof stands elsewhere. */
export const ELSEWHERE: Readonly<Record<string, string>> = {
  'policy-config-09': 'the unquoted scalars of YAML 1.1, in a test of their own',
}
