import { isLiteral } from './pattern.ts'

/** An issuer beside GitHub, as the policy declares it under `issuers`. */
export interface OtherIssuer {
  readonly name: string
  /** Exactly as the `iss` claim has it. */
  readonly url: string
  readonly like: Kind | undefined
  /** Claims that a grant may name; those of an object by their way, `kubernetes.io/namespace`. No others are ever looked at. */
  readonly claims: readonly string[]
  /** Claims that tell whose the token is: many strangers share one issuer, so that each grant must name one. */
  readonly owners: readonly string[]
}

/** Issuers whose claims are documented, so that nobody has to list them. */
export const KINDS = ['gitlab', 'buildkite', 'kubernetes'] as const
export type Kind = (typeof KINDS)[number]

/** What is known of a kind of issuer. */
interface Facts {
  readonly claims: readonly string[]
  readonly owners: readonly string[]
  /** Claims that are the same in every run of one owner: to name only these restricts nothing. */
  readonly everyRun: readonly string[]
  /** How the subject begins up to and with its owner, without stars. */
  readonly subject: RegExp
  /** Where the audience of a token is set. */
  readonly audience: (audience: string) => string
}

const words = (text: string): readonly string[] => text.trim().split(/\s+/)

const FACTS: Readonly<Record<Kind, Facts>> = {
  // docs.gitlab.com/ci/secrets/id_token_authentication, "Token payload"
  gitlab: {
    claims:
      words(`sub namespace_id namespace_path project_id project_path project_visibility user_id user_login
      user_email user_access_level pipeline_id pipeline_source job_id job_source job_project_id job_project_path
      job_namespace_id job_namespace_path ref ref_type ref_path ref_protected environment environment_protected
      environment_action deployment_tier groups_direct runner_id runner_environment sha ci_config_ref_uri
      ci_config_sha`),
    owners: ['sub', 'project_path', 'project_id', 'namespace_path', 'namespace_id'],
    everyRun: ['project_path', 'project_id', 'namespace_path', 'namespace_id', 'project_visibility'],
    subject: /^project_path:[^*/:]+\//,
    audience: (audience) =>
      `Set it in .gitlab-ci.yml, under \`id_tokens\` of the job: \`NAME: { aud: '${audience}' }\`, and give NAME to --token-variable.`,
  },
  // buildkite.com/docs/agent/cli/reference/oidc, "Claims"
  buildkite: {
    claims:
      words(`sub organization_slug organization_id pipeline_slug pipeline_id build_number build_branch build_tag
      build_commit build_source step_key job_id agent_id runner_environment cluster_id cluster_name queue_id
      queue_key`),
    owners: ['sub', 'organization_slug', 'organization_id'],
    everyRun: ['organization_slug', 'organization_id', 'pipeline_slug', 'pipeline_id', 'runner_environment'],
    subject: /^organization:[^*:]+:/,
    audience: (audience) =>
      `Ask for it: \`buildkite-agent oidc request-token --audience '${audience}'\`, written to the file that --token-file names.`,
  },
  // kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin, "Schema for service account private claims"
  kubernetes: {
    claims:
      words(`sub kubernetes.io/namespace kubernetes.io/serviceaccount/name kubernetes.io/serviceaccount/uid
      kubernetes.io/pod/name kubernetes.io/pod/uid kubernetes.io/node/name kubernetes.io/node/uid`),
    owners: ['sub', 'kubernetes.io/namespace'],
    everyRun: ['kubernetes.io/namespace', 'kubernetes.io/node/name', 'kubernetes.io/node/uid'],
    subject: /^system:serviceaccount:[^*:]+:/,
    audience: (audience) =>
      `Set it in the pod: \`projected\` volume, \`serviceAccountToken: { audience: '${audience}', path: … }\`; the token of /var/run/secrets/kubernetes.io is for the cluster itself.`,
  },
}

/** The claims that a kind is known to have; none for an issuer that is like no other. */
export function claimsOfKind(kind: Kind | undefined): readonly string[] {
  return kind ? FACTS[kind].claims : ['sub']
}

/** The claims of a kind that tell whose a token is. */
export function ownersOfKind(kind: Kind | undefined): readonly string[] {
  return kind ? FACTS[kind].owners : ['sub']
}

/** Whether a claim is the same in every run of its owner. */
export function inEveryRun({ like }: OtherIssuer, claim: string): boolean {
  return like !== undefined && FACTS[like].everyRun.includes(claim)
}

/** Whether a pattern of an owner's claim leaves open who that is. */
export function namesOwner({ like }: OtherIssuer, claim: string, pattern: string): boolean {
  if (isLiteral(pattern)) return true
  if (claim === 'sub') return like !== undefined && FACTS[like].subject.test(pattern)
  // `acme/**` is whatever belongs to acme; a star in front, or an id with one, is anybody.
  return /^[^*/]+\//.test(pattern)
}

/** What to do where a token is for another audience. */
export function audienceRemedy({ like }: OtherIssuer, audience: string): string {
  return like
    ? FACTS[like].audience(audience)
    : `Have the token made for the audience '${audience}', or set \`audience\` of the target to the one that it has.`
}

/** Every claim of a payload that the issuer is declared to have, as text; a name that two ways lead to is nobody's. */
export function claimsOf(
  payload: Readonly<Record<string, unknown>>,
  { claims }: OtherIssuer,
): Map<string, string> {
  const found = new Map<string, string>()
  const twice = new Set<string>()
  const take = (value: unknown, name: string, depth: number): void => {
    if (typeof value === 'string' || typeof value === 'boolean' || Number.isSafeInteger(value)) {
      if (!claims.includes(name)) return
      if (found.has(name)) twice.add(name)
      found.set(name, String(value))
    } else if (typeof value === 'object' && value !== null && !Array.isArray(value) && depth < DEEPEST)
      for (const [key, inner] of Object.entries(value)) take(inner, `${name}/${key}`, depth + 1)
  }
  for (const [name, value] of Object.entries(payload)) take(value, name, 0)
  for (const name of twice) found.delete(name)
  return found
}

/** Objects within objects that are looked into. */
const DEEPEST = 4
