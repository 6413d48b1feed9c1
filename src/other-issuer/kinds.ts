/** Issuers whose claims are documented, so that nobody has to list them. */
export const KINDS = [
  'gitlab',
  'buildkite',
  'kubernetes',
  'circleci',
  'bitbucket',
  'azure-devops',
  'terraform',
] as const
export type Kind = (typeof KINDS)[number]

/** What is known of a kind of issuer. */
export interface Facts {
  readonly claims: readonly string[]
  /** Claims that are numbers or truth values in the token, and no text. */
  readonly notText: readonly string[]
  /** Claims that lie within objects, by the way to them; otherwise a slash is part of a name. */
  readonly nested?: true
  /** Claims that tell whose a token is. */
  readonly owners: readonly string[]
  /** Claims that are the same in every run of one owner: to name only these restricts nothing. */
  readonly everyRun: readonly string[]
  /** Claims that a grant would name in order to let one job in, and hardly another. */
  readonly nameable: readonly string[]
  /** By claim, how a pattern begins up to and with its owner, without stars; others begin with the first part of a path. */
  readonly begins: Readonly<Record<string, RegExp>>
  /** A claim that says nothing sure without one of the others beside it. */
  readonly together?: { readonly claim: string; readonly beside: readonly string[]; readonly why: string }
  /** Where the audience of a token is set. */
  readonly audience: (audience: string) => string
}

const words = (text: string): readonly string[] => text.trim().split(/\s+/)

/** The kinds, each by the page that documents its claims. */
export const FACTS: Readonly<Record<Kind, Facts>> = {
  // docs.gitlab.com/ci/secrets/id_token_authentication, "Token payload"
  gitlab: {
    claims:
      words(`sub namespace_id namespace_path project_id project_path project_visibility user_id user_login
      user_email user_access_level pipeline_id pipeline_source job_id job_source job_project_id job_project_path
      job_namespace_id job_namespace_path ref ref_type ref_path ref_protected environment environment_protected
      environment_action deployment_tier groups_direct runner_id runner_environment sha ci_config_ref_uri
      ci_config_sha`),
    notText: ['runner_id'],
    owners: ['sub', 'project_path', 'project_id', 'namespace_path', 'namespace_id'],
    everyRun: ['project_path', 'project_id', 'namespace_path', 'namespace_id', 'project_visibility'],
    nameable: words('project_path ref ref_type ref_protected environment'),
    begins: { sub: /^project_path:[^*/:]+\// },
    together: {
      claim: 'ref',
      beside: ['ref_type', 'ref_path', 'sub'],
      // GitLab writes the bare name of a branch and of a tag alike, and who may push a tag may choose it.
      why: "GitLab's `ref` does not tell a branch from a tag of the same name: add `ref_type: branch`, or name `ref_path: refs/heads/…` in its place.",
    },
    audience: (audience) =>
      `Set it in .gitlab-ci.yml, under \`id_tokens\` of the job: \`NAME: { aud: '${audience}' }\`, and give NAME to --token-variable.`,
  },
  // buildkite.com/docs/agent/cli/reference/oidc, "Claims" and "Optional claims"
  buildkite: {
    claims:
      words(`sub organization_slug organization_id pipeline_slug pipeline_id build_id build_number build_branch
      build_tag build_commit build_source step_key job_id agent_id runner_environment cluster_id cluster_name
      queue_id queue_key`),
    notText: ['build_number'],
    owners: ['sub', 'organization_slug', 'organization_id'],
    everyRun: ['organization_slug', 'organization_id', 'pipeline_slug', 'pipeline_id', 'runner_environment'],
    nameable: words('organization_slug pipeline_slug build_branch step_key'),
    begins: { sub: /^organization:[^*:]+:/ },
    audience: (audience) =>
      `Ask for it: \`buildkite-agent oidc request-token --audience '${audience}'\`, written to the file that --token-file names.`,
  },
  // kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin, "Schema for service account private claims"
  kubernetes: {
    claims:
      words(`sub kubernetes.io/namespace kubernetes.io/serviceaccount/name kubernetes.io/serviceaccount/uid
      kubernetes.io/pod/name kubernetes.io/pod/uid kubernetes.io/node/name kubernetes.io/node/uid`),
    notText: [],
    nested: true,
    owners: ['sub', 'kubernetes.io/namespace'],
    everyRun: ['kubernetes.io/namespace', 'kubernetes.io/node/name', 'kubernetes.io/node/uid'],
    nameable: words('sub'),
    begins: { sub: /^system:serviceaccount:[^*:]+:/ },
    audience: (audience) =>
      `Set it in the pod: \`projected\` volume, \`serviceAccountToken: { audience: '${audience}', path: … }\`; the token of /var/run/secrets/kubernetes.io is for the cluster itself.`,
  },
  // circleci.com/docs/guides/permissions-authentication/openid-connect-tokens, "Format of the OpenID Connect ID token"
  circleci: {
    claims: words(
      'sub oidc.circleci.com/project-id oidc.circleci.com/vcs-origin oidc.circleci.com/vcs-ref oidc.circleci.com/ssh-rerun',
    ),
    notText: ['oidc.circleci.com/ssh-rerun'],
    owners: ['sub', 'oidc.circleci.com/project-id', 'oidc.circleci.com/vcs-origin'],
    everyRun: ['oidc.circleci.com/project-id', 'oidc.circleci.com/vcs-origin', 'oidc.circleci.com/ssh-rerun'],
    nameable: words('oidc.circleci.com/vcs-origin oidc.circleci.com/vcs-ref oidc.circleci.com/ssh-rerun'),
    begins: {
      sub: /^org\/[^*/]+\/project\/[^*/]+\//,
      'oidc.circleci.com/vcs-origin': /^[^*/]+\/[^*/]+\//,
    },
    together: {
      claim: 'oidc.circleci.com/vcs-ref',
      beside: ['oidc.circleci.com/vcs-origin', 'sub'],
      why: 'A fork has branches of the same names, and its runs have tokens of the project where secrets are passed to them: name `oidc.circleci.com/vcs-origin` as well.',
    },
    audience: (audience) =>
      `Ask for it: \`circleci run oidc get --claims '{"aud":"${audience}"}'\`, written to the file that --token-file names; that of $CIRCLE_OIDC_TOKEN_V2 is always the id of the organization.`,
  },
  // support.atlassian.com/bitbucket-cloud/docs/integrate-pipelines-with-resource-servers-using-oidc; each repository's
  // settings show an example of its token under "OpenID Connect"
  bitbucket: {
    claims: words(
      'sub workspaceUuid repositoryUuid pipelineUuid pipelineRunUuid stepUuid deploymentEnvironmentUuid branchName',
    ),
    notText: [],
    owners: ['sub', 'repositoryUuid', 'workspaceUuid'],
    everyRun: ['repositoryUuid', 'workspaceUuid'],
    nameable: words('repositoryUuid deploymentEnvironmentUuid branchName'),
    begins: { sub: /^\{[^*}]+\}:/ },
    audience: () =>
      'Bitbucket puts the audience of the workspace into every token, and a token for several is not taken: leave `audiences` out of bitbucket-pipelines.yml, and set `audience` of the target to the one in the repository settings (OpenID Connect).',
  },
  // learn.microsoft.com/rest/api/azure/devops/distributedtask/oidctoken/create; the claims of a pipeline's token (sub
  // `p://`) as github.com/gravitational/teleport rfd/0211 has them; a service connection's (sub `sc://`) has no others
  'azure-devops': {
    claims: words('sub org_id prj_id def_id rpo_id rpo_uri rpo_ver rpo_ref run_id'),
    notText: [],
    owners: ['sub', 'org_id', 'prj_id'],
    everyRun: ['org_id', 'prj_id', 'def_id', 'rpo_id', 'rpo_uri'],
    nameable: words('sub prj_id def_id rpo_ref'),
    begins: { sub: /^(?:p|sc):\/\/[^*/]+\/[^*/]+\// },
    audience: () =>
      'Azure DevOps makes tokens for `api://AzureADTokenExchange` alone: set `audience` of the target to that.',
  },
  // developer.hashicorp.com/terraform/cloud-docs/workspaces/dynamic-provider-credentials/workload-identity-tokens
  terraform: {
    claims:
      words(`sub terraform_organization_id terraform_organization_name terraform_project_id terraform_project_name
      terraform_workspace_id terraform_workspace_name terraform_full_workspace terraform_run_id terraform_run_phase`),
    notText: [],
    owners: ['sub', 'terraform_organization_id', 'terraform_organization_name', 'terraform_full_workspace'],
    // Speculative plans of a workspace run what a pull request says: the phase tells them from an apply.
    everyRun: words(`terraform_organization_id terraform_organization_name terraform_project_id
      terraform_project_name terraform_workspace_id terraform_workspace_name terraform_full_workspace`),
    nameable: words('terraform_organization_name terraform_workspace_id terraform_run_phase'),
    begins: { sub: /^organization:[^*:]+:/, terraform_full_workspace: /^organization:[^*:]+:/ },
    audience: (audience) =>
      `Set TFC_WORKLOAD_IDENTITY_AUDIENCE of the workspace to '${audience}', and give TFC_WORKLOAD_IDENTITY_TOKEN to --token-variable.`,
  },
}
