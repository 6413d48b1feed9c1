import { nearest } from './nearest.ts'

/** The claims of GitHub's ID tokens that a grant may name, as of GitHub's documentation and discovery document. */
export const CLAIM_NAMES = [
  'sub',
  'repository',
  'repository_id',
  'repository_owner',
  'repository_owner_id',
  'repository_visibility',
  'ref',
  'ref_type',
  'ref_protected',
  'base_ref',
  'head_ref',
  'sha',
  'environment',
  'environment_node_id',
  'event_name',
  'actor',
  'actor_id',
  'workflow',
  'workflow_ref',
  'workflow_sha',
  'job_workflow_ref',
  'job_workflow_sha',
  'run_id',
  'run_number',
  'run_attempt',
  'check_run_id',
  'runner_environment',
  'enterprise',
  'enterprise_id',
  'issuer_scope',
] as const

const KNOWN: ReadonlySet<string> = new Set(CLAIM_NAMES)

/** Claims that the gate holds, or that no two tokens share: a grant cannot name them. */
const NOT_FOR_GRANTS: ReadonlyMap<string, string> = new Map([
  ['iss', 'The issuer is checked before any grant; set `issuer` instead.'],
  ['aud', 'The audience is checked before any grant; set `audience` instead.'],
  ['jti', '`jti` differs in every token, so no grant can name it.'],
  ['iat', '`iat` differs in every token, so no grant can name it.'],
  ['nbf', '`nbf` differs in every token, so no grant can name it.'],
  ['exp', '`exp` differs in every token, so no grant can name it.'],
])

/** What people write who know the thing but not GitHub's word for it. */
const MEANT: ReadonlyMap<string, string> = new Map([
  ['branch', 'ref: refs/heads/NAME'],
  ['tag', 'ref: refs/tags/NAME'],
  ['repo', 'repository'],
  ['repo_id', 'repository_id'],
  ['owner', 'repository_owner'],
  ['owner_id', 'repository_owner_id'],
  ['org', 'repository_owner'],
  ['env', 'environment'],
  ['event', 'event_name'],
  ['subject', 'sub'],
  ['user', 'actor'],
  ['visibility', 'repository_visibility'],
  ['protected', 'ref_protected'],
])

/** Custom properties of a repository (`repo_property_tier`), and names of one's own (`x-…`), are not on any list. */
export const OPEN_NAME = /^(?:repo_property_[A-Za-z0-9_$#-]{1,75}|x-[a-z0-9_-]{1,75})$/

/** Whether GitHub's tokens are known to carry a claim of this name. */
export function isClaimName(name: string): boolean {
  return KNOWN.has(name) || OPEN_NAME.test(name)
}

/** The claim that somebody most likely meant by a name. */
export function nearestClaim(name: string): string | undefined {
  return MEANT.get(name.toLowerCase().replaceAll('-', '_')) ?? nearest(name, CLAIM_NAMES)
}

/** What is wrong with the name of a claim in a grant, as a sentence; undefined when nothing is. */
export function checkClaimName(name: string): string | undefined {
  if (isClaimName(name)) return undefined
  const refused = NOT_FOR_GRANTS.get(name)
  if (refused) return refused
  const meant = nearestClaim(name)
  const advice = meant
    ? `did you mean \`${meant}\`?`
    : 'custom names start with `repo_property_` or `x-`; see the list of claims in docs/policy.md.'
  return `GitHub's tokens have no claim ${JSON.stringify(name)}: ${advice}`
}
