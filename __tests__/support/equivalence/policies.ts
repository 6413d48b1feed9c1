import type { Choose } from './choose.ts'

/** Claim to patterns, as they are written under `when:`. */
export type WrittenWhen = Readonly<Record<string, readonly string[]>>

/** A policy without its targets: which ids it pins, and its grants. */
export interface WrittenPolicy {
  readonly pins: Readonly<Record<string, number>>
  readonly grants: readonly { readonly target: 'prod' | 'ci'; readonly when: WrittenWhen }[]
}

/** What a platform can be asked at all. */
export interface Limits {
  /** Only whole subjects can be written. */
  readonly exact: boolean
  /** The repository's id must be pinned. */
  readonly ids: boolean
  /** How many grants a target can have. */
  readonly most: number
}

const ENVIRONMENTS = ['production', 'Production', 'eu:1', 'eu%3A1', 'prod/eu', "it's", 'a?b', 'p$d', 'é 1']
const REFS = ['refs/heads/main', 'refs/heads/dev', 'refs/heads/release/1', "refs/heads/o'b$x", 'refs/tags/v1']
const OPEN_ENVIRONMENTS = ['prod*', '*', '**', '*/eu', 'eu*', '**u*']
const OPEN_REFS = ['refs/heads/release/*', 'refs/heads/**', 'refs/tags/v*', 'refs/*/m**', '**']

/** Conditions beside those that a subject can hold, with literals and patterns of each kind. */
const FURTHER: Readonly<Record<string, readonly string[]>> = {
  actor: ['octocat', 'octo*', '*'],
  actor_id: ['1001'],
  base_ref: ['main', '*', '**'],
  enterprise_id: ['77'],
  job_workflow_ref: [
    'o/r/.github/workflows/dbt.yml@refs/heads/main',
    'o/ci/.github/workflows/dbt.yml@**',
    'o/ci/.github/workflows/*@refs/heads/**',
    'o/**/.github/workflows/d*@*',
    'o/ci/.github/workflows/**@refs/heads/main',
    'o/**',
  ],
  ref_protected: ['true'],
  repo_property_tier: ['gold', 'g*'],
  repository_owner: ['o'],
  repository_visibility: ['private', '*'],
  runner_environment: ['github-hosted', '*-hosted'],
  workflow: ['dbt', 'd*t', 'nightly build'],
  workflow_ref: [
    'o/r/.github/workflows/dbt.yml@refs/heads/main',
    'o/r/.github/workflows/*.yml@**/main',
    'o/r/.github/workflows/d**@refs/heads/*',
  ],
}

/** Those of which more can go wrong. */
const OF_NOTE = [
  'base_ref',
  'base_ref',
  'job_workflow_ref',
  'job_workflow_ref',
  'workflow_ref',
  'workflow_ref',
]

const EVENTS = [
  ['push'],
  ['push', 'workflow_dispatch'],
  ['schedule'],
  ['pull_request'],
  ['pull_request', 'push'],
  ['pull_request_target'],
  ['workflow_*'],
  ['**'],
]

/** A policy that a platform can be asked to hold, of every kind that the grammar has. */
export function writePolicy(choose: Choose, limits: Limits): WrittenPolicy {
  const pins = {
    ...(limits.ids || choose.often(75) ? { 'repository-id': 456 } : {}),
    ...(choose.often(75) ? { 'repository-owner-id': 123 } : {}),
  }
  const count = choose.one(...[1, 1, 2, 2, 3].filter((one) => one <= limits.most))
  const first = writeWhen(choose, limits)
  const grants = Array.from({ length: count }, (_, at) => ({
    target: 'prod' as const,
    when: at === 0 ? first : choose.often(60) ? likewise(first, choose) : writeWhen(choose, limits),
  }))
  const others = choose.often(40) ? [{ target: 'ci' as const, when: writeWhen(choose, limits) }] : []
  return { pins, grants: choose.often(50) ? [...grants, ...others] : [...others, ...grants] }
}

/** The same claims with other values, whose mixtures no grant names. */
function likewise(when: WrittenWhen, choose: Choose): WrittenWhen {
  return {
    ...when,
    ...(when.environment && { environment: [choose.one(...ENVIRONMENTS)] }),
    ...(when.ref && { ref: [choose.one(...REFS)] }),
  }
}

function writeWhen(choose: Choose, limits: Limits): WrittenWhen {
  const { exact } = limits
  const several = (literal: readonly string[], open: readonly string[]): string[] => {
    const all = [...literal, ...literal, ...(exact ? [] : open)]
    return [
      ...new Set(
        choose.often(20) && limits.most > 1 ? [choose.one(...all), choose.one(...all)] : [choose.one(...all)],
      ),
    ]
  }
  const environment = (): string[] => several(ENVIRONMENTS, OPEN_ENVIRONMENTS)
  const ref = (): string[] => several(REFS, OPEN_REFS)
  const event = (): string[] => [...choose.one(...EVENTS)]
  const kinds: readonly (() => WrittenWhen)[] = [
    () => ({ environment: environment() }),
    () => ({ environment: environment(), ref: ref() }),
    () => ({ environment: [choose.one(...ENVIRONMENTS)], ref: [choose.one(...REFS)] }),
    () => ({ environment: environment(), ref: ref(), event_name: event() }),
    () => ({ ref: ref() }),
    () => ({ ref: ref(), event_name: limits.most > 1 ? event() : ['push'] }),
    () => ({ event_name: ['pull_request'] }),
    () => ({ sub: [choose.one('repo:o/r:environment:production', 'repo:o/r:job_workflow_ref:x:actor:y')] }),
    ...(exact
      ? []
      : [
          () => ({ actor: ['octo*'] }),
          () => ({ sub: ['repo:o/r:ref:refs/heads/**'], actor: ['octocat'] }),
          () => ({ event_name: event(), runner_environment: ['github-hosted'] }),
          () => ({ repository: ['o/*'], ref: ref() }),
        ]),
  ]
  const more = choose.one([], [1], [1, 2], [1, 2]).map((): [string, string[]] => {
    const claim = choose.one(...Object.keys(FURTHER), ...OF_NOTE)
    return [claim, [choose.one(...(FURTHER[claim] ?? []))]]
  })
  const repository = choose.often(8) && limits.most > 1 ? { repository: ['o/r', 'o/r2'] } : {}
  return { ...repository, ...Object.fromEntries(more), ...choose.one(...kinds)() }
}
