/** Claims as an issuer signs them, without issuer, audience and times. */
export type Payload = Readonly<Record<string, unknown>>

/** GitLab's documented payload (docs.gitlab.com/ci/secrets/id_token_authentication, "Token payload"). */
export const GITLAB: Payload = {
  namespace_id: '72',
  namespace_path: 'acme',
  project_id: '20',
  project_path: 'acme/shop',
  user_id: '1',
  user_login: 'ada',
  user_email: 'ada@example.com',
  user_access_level: 'developer',
  user_identities: [{ provider: 'github', extern_uid: '2435223452345' }],
  pipeline_id: '574',
  pipeline_source: 'push',
  job_id: '302',
  ref: 'main',
  ref_type: 'branch',
  ref_path: 'refs/heads/main',
  ref_protected: 'true',
  environment: 'production',
  environment_protected: 'true',
  deployment_tier: 'production',
  groups_direct: ['acme'],
  runner_id: 1,
  runner_environment: 'self-hosted',
  sha: '714a629c0b401fdce83e847fc9589983fc6f46bc',
  project_visibility: 'private',
  ci_config_ref_uri: 'gitlab.example.com/acme/shop//.gitlab-ci.yml@refs/heads/main',
  ci_config_sha: '714a629c0b401fdce83e847fc9589983fc6f46bc',
  jti: '235b3a54-b797-45c7-ae9a-f72d7bc6ef5b',
  sub: 'project_path:acme/shop:ref_type:branch:ref:main',
}

/** Buildkite's documented payload (buildkite.com/docs/agent/cli/reference/oidc, "Example token contents"): it has no `jti`. */
export const BUILDKITE: Payload = {
  sub: 'organization:acme:pipeline:shop:ref:refs/heads/main:commit:9f3182061f1e2cca4702c368cbc039b7dc9d4485:step:build',
  organization_slug: 'acme',
  organization_id: '0184990a-477b-4fa8-9968-496074483cee',
  pipeline_slug: 'shop',
  pipeline_id: '0184990a-477b-4fa8-9968-496074483cef',
  build_number: 1,
  build_branch: 'main',
  build_tag: null,
  build_commit: '9f3182061f1e2cca4702c368cbc039b7dc9d4485',
  build_source: 'ui',
  step_key: 'build',
  job_id: '0184990a-477b-4fa8-9968-496074483cf0',
  agent_id: '0184990a-4782-42b5-afc1-16715b10b8ff',
  runner_environment: 'self-hosted',
}

/** A projected service account token (kubernetes.io, "Managing Service Accounts"): its audience is a list, its own claims are nested. */
export const KUBERNETES: Payload = {
  jti: '7ee52be0-9045-4653-aa5e-0da57b8dccdc',
  'kubernetes.io': {
    namespace: 'airflow',
    node: { name: 'node-1', uid: '43eb2b40-5b5b-4e3d-9a2c-e0b7f7b0e3a1' },
    pod: { name: 'dbt-run-7', uid: '5e0bd49b-f040-43b0-99b7-22765a53f7f3' },
    serviceaccount: { name: 'dbt', uid: '14ee3fa4-a7e2-420f-9f9a-dbc4507c3798' },
    warnafter: 1_716_244_000,
  },
  sub: 'system:serviceaccount:airflow:dbt',
}

/** The same of a run of Dagster (docs.dagster.io, "Kubernetes"): its pods are named after the run. */
export const DAGSTER: Payload = {
  jti: '0c3a1f5e-7d0e-4c43-9f0a-0d9fbf3a8a57',
  'kubernetes.io': {
    namespace: 'dagster',
    node: { name: 'node-2', uid: '0f4c7c1c-2a0f-4a0e-8df5-0a2f1f0c7a11' },
    pod: {
      name: 'dagster-run-0f1c9a52-7c5e-4a6f-9f0d-1b7f7c0c2d11-x7k2p',
      uid: '6e0bd49b-f040-43b0-99b7-22765a53f7f3',
    },
    serviceaccount: { name: 'dagster-user', uid: '24ee3fa4-a7e2-420f-9f9a-dbc4507c3798' },
    warnafter: 1_716_244_000,
  },
  sub: 'system:serviceaccount:dagster:dagster-user',
}

/** The documented claims of $CIRCLE_OIDC_TOKEN_V2 (circleci.com/docs/guides/permissions-authentication/openid-connect-tokens, "Format of the OpenID Connect ID token"). */
export const CIRCLECI: Payload = {
  sub: 'org/3c3aaf5e-7d0e-4c43-9f0a-0d9fbf3a8a57/project/aa3aaf5e-7d0e-4c43-9f0a-0d9fbf3a8a58/user/bb3aaf5e-7d0e-4c43-9f0a-0d9fbf3a8a59/vcs-origin/github.com/acme/shop/vcs-ref/refs/heads/main',
  'oidc.circleci.com/project-id': 'aa3aaf5e-7d0e-4c43-9f0a-0d9fbf3a8a58',
  'oidc.circleci.com/vcs-origin': 'github.com/acme/shop',
  'oidc.circleci.com/vcs-ref': 'refs/heads/main',
  'oidc.circleci.com/context-ids': ['cc3aaf5e-7d0e-4c43-9f0a-0d9fbf3a8a60'],
  'oidc.circleci.com/ssh-rerun': false,
}

/** Bitbucket's example token (repository settings, "OpenID Connect", to which support.atlassian.com/bitbucket-cloud/docs/integrate-pipelines-with-resource-servers-using-oidc leads), of a step with a deployment. */
export const BITBUCKET: Payload = {
  sub: '{2e9e429c-7b8b-404f-8648-8c40c27c9ebd}:{5a9e429c-7b8b-404f-8648-8c40c27c9ebe}:{6b9e429c-7b8b-404f-8648-8c40c27c9ebf}',
  workspaceUuid: '{7baee083-4f25-4a97-8a9a-0fde1b623b45}',
  repositoryUuid: '{2e9e429c-7b8b-404f-8648-8c40c27c9ebd}',
  pipelineUuid: '{8cbee083-4f25-4a97-8a9a-0fde1b623b46}',
  pipelineRunUuid: '{9dcee083-4f25-4a97-8a9a-0fde1b623b47}',
  stepUuid: '{6b9e429c-7b8b-404f-8648-8c40c27c9ebf}',
  deploymentEnvironmentUuid: '{5a9e429c-7b8b-404f-8648-8c40c27c9ebe}',
  branchName: 'main',
}

/** What Azure DevOps answers at `oidctoken` (learn.microsoft.com/rest/api/azure/devops/distributedtask/oidctoken/create) for a pipeline, as gravitational/teleport rfd/0211 shows it. */
export const AZURE_DEVOPS: Payload = {
  jti: '90b75b0a-61b6-4b71-ba6f-11107d95f4c5',
  sub: 'p://acme/analytics/dbt-build',
  org_id: '0ca3ddd9-f0b0-4635-a98c-5866526961b6',
  prj_id: '271ef6f7-5998-4b0f-86fb-4b54d9129990',
  def_id: '1',
  rpo_id: 'acme/shop',
  rpo_uri: 'https://github.com/acme/shop.git',
  rpo_ver: 'c291ea713801eb300054d353d279e7b02331f671',
  rpo_ref: 'refs/heads/main',
  run_id: '5',
}

/** The same of a service connection of that project: its subject is all that it says. */
export const AZURE_CONNECTION: Payload = {
  jti: '53042db8-a477-44c2-aca4-720bab67ad33',
  sub: 'sc://acme/analytics/snowflake-prod',
}

/** HCP Terraform's documented payload (developer.hashicorp.com/terraform/cloud-docs/workspaces/dynamic-provider-credentials/workload-identity-tokens, "Token Structure"). */
export const TERRAFORM: Payload = {
  jti: '1192426d-b525-4fde-9d42-f238be437bbd',
  sub: 'organization:acme:project:Default Project:workspace:warehouse:run_phase:apply',
  terraform_organization_id: 'org-GRNbCjYNpBB6NEH9',
  terraform_organization_name: 'acme',
  terraform_project_id: 'prj-vegSA59s1XPwMr2t',
  terraform_project_name: 'Default Project',
  terraform_workspace_id: 'ws-mbsd5E3Ktt5Rg2Xm',
  terraform_workspace_name: 'warehouse',
  terraform_full_workspace: 'organization:acme:project:Default Project:workspace:warehouse',
  terraform_run_id: 'run-X3n1AUXNGWbfECsJ',
  terraform_run_phase: 'apply',
}
