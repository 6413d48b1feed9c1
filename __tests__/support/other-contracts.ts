import {
  AZURE_CONNECTION,
  AZURE_DEVOPS,
  BITBUCKET,
  BUILDKITE,
  CIRCLECI,
  DAGSTER,
  GITLAB,
  KUBERNETES,
  TERRAFORM,
  type Payload,
} from './other-payloads.ts'
import type { Kind } from '../../src/other-issuer/kinds.ts'

/** What holds for one kind of issuer: its token, the policy that lets it in, and what must not get in. */
export interface Contract {
  readonly title: string
  readonly like: Kind
  readonly payload: Payload
  /** The `when` of a grant, as YAML. */
  readonly when: string
  /** Tokens that are denied, with what the table then shows. */
  readonly denied: readonly (readonly [string, Payload, string])[]
  /** Grants that a policy must not have, with what is said of them. */
  readonly refused: readonly (readonly [string, string, RegExp])[]
  /** What is to be done about a token for somebody else. */
  readonly audience: RegExp
  /** A text of a connection, and what it becomes. */
  readonly filled: readonly [string, string]
}

const OTHER_UUID = '{00000000-0000-4000-8000-000000000000}'

export const CONTRACTS: readonly Contract[] = [
  {
    title: 'GitLab CI',
    like: 'gitlab',
    payload: GITLAB,
    when: '{ project_path: acme/shop, ref: main, ref_type: branch, ref_protected: true }',
    denied: [
      [
        'another branch',
        { ref: 'develop', sub: 'project_path:acme/shop:ref_type:branch:ref:develop' },
        'develop',
      ],
      ['a tag called main', { ref_type: 'tag' }, 'tag'],
      ['an unprotected branch', { ref_protected: 'false' }, 'false'],
      ['a stranger\u2019s project', { project_path: 'evil/shop' }, 'evil/shop'],
    ],
    refused: [
      ['every project', '{ ref: main, ref_type: branch }', /says whose this one is/],
      ['any owner', '{ project_path: "*/shop", ref_path: refs/heads/main }', /without a star in the owner/],
      ['a subject of any owner', '{ sub: "project_path:*:ref_type:branch:ref:main" }', /without a star/],
      ['a tag for a branch', '{ project_path: acme/shop, ref: main }', /ref_type: branch/],
      ['the project alone', '{ project_path: acme/shop }', /Nothing restricts/],
      ['a misspelt claim', '{ project_path: acme/shop, ref_typ: branch }', /did you mean `ref_type`/],
      ['a claim of GitHub', '{ repository: acme/shop, ref: refs/heads/main }', /have no claim `repository`/],
    ],
    audience: /under `id_tokens` of the job: `NAME: \{ aud: 'dbt-oidc' \}`/,
    filled: ['{project_path}_{ref}', 'acme_shop_main'],
  },
  {
    title: 'Buildkite',
    like: 'buildkite',
    payload: BUILDKITE,
    when: '{ organization_slug: acme, pipeline_slug: shop, build_branch: main }',
    denied: [
      ['another branch', { build_branch: 'develop' }, 'develop'],
      ['another pipeline', { pipeline_slug: 'site' }, 'site'],
      ['a stranger\u2019s organization', { organization_slug: 'evil' }, 'evil'],
      ['a build without a branch', { build_branch: null }, '(absent)'],
    ],
    refused: [
      ['every organization', '{ pipeline_slug: shop, build_branch: main }', /says whose this one is/],
      [
        'organizations by their beginning',
        '{ organization_slug: acme*, build_branch: main }',
        /without a star/,
      ],
      ['the pipeline alone', '{ organization_slug: acme, pipeline_slug: shop }', /Nothing restricts/],
      ['a misspelt claim', '{ organization_slug: acme, build_brach: main }', /did you mean `build_branch`/],
    ],
    audience: /buildkite-agent oidc request-token --audience 'dbt-oidc'/,
    filled: ['{pipeline_slug}_{build_number}', 'shop_1'],
  },
  {
    title: 'a pod of Airflow on Kubernetes',
    like: 'kubernetes',
    payload: KUBERNETES,
    when: "{ sub: 'system:serviceaccount:airflow:dbt', kubernetes.io/pod/name: dbt-run-* }",
    denied: [
      ['another service account', { sub: 'system:serviceaccount:airflow:default' }, 'airflow:default'],
      ['another pod', { 'kubernetes.io': { pod: { name: 'shell' } } }, 'shell'],
      ['a token that is bound to no pod', { 'kubernetes.io': { namespace: 'airflow' } }, '(absent)'],
    ],
    refused: [
      ['every namespace', '{ kubernetes.io/pod/name: dbt-run-* }', /says whose this one is/],
      ['any namespace', "{ sub: 'system:serviceaccount:*:dbt' }", /without a star/],
      ['the namespace alone', '{ kubernetes.io/namespace: airflow }', /Nothing restricts/],
      [
        'a misspelt claim',
        "{ sub: 'system:serviceaccount:airflow:dbt', kubernetes.io/pod/nam: x }",
        /did you mean `kubernetes.io\/pod\/name`/,
      ],
    ],
    audience: /serviceAccountToken: \{ audience: 'dbt-oidc', path: … \}/,
    filled: ['{kubernetes.io/serviceaccount/name}_{kubernetes.io/namespace}', 'dbt_airflow'],
  },
  {
    title: 'a run of Dagster on Kubernetes',
    like: 'kubernetes',
    payload: DAGSTER,
    when: "{ sub: 'system:serviceaccount:dagster:dagster-user', kubernetes.io/pod/name: dagster-run-** }",
    denied: [
      [
        'the webserver\u2019s service account',
        { sub: 'system:serviceaccount:dagster:dagster' },
        'dagster:dagster',
      ],
      ['another namespace', { sub: 'system:serviceaccount:airflow:dagster-user' }, 'airflow:dagster-user'],
      ['a step of another kind', { 'kubernetes.io': { pod: { name: 'dagster-step-1' } } }, 'dagster-step-1'],
    ],
    refused: [],
    audience: /serviceAccountToken/,
    filled: ['{kubernetes.io/namespace}', 'dagster'],
  },
  {
    title: 'CircleCI',
    like: 'circleci',
    payload: CIRCLECI,
    when: '{ oidc.circleci.com/vcs-origin: github.com/acme/shop, oidc.circleci.com/vcs-ref: refs/heads/main, oidc.circleci.com/ssh-rerun: false }',
    denied: [
      ['another branch', { 'oidc.circleci.com/vcs-ref': 'refs/heads/develop' }, 'develop'],
      ['a fork', { 'oidc.circleci.com/vcs-origin': 'github.com/evil/shop' }, 'github.com/evil/shop'],
      ['a rerun with a shell', { 'oidc.circleci.com/ssh-rerun': true }, 'true'],
      ['a custom webhook', { 'oidc.circleci.com/vcs-ref': undefined }, '(absent)'],
    ],
    refused: [
      [
        'a branch of any fork',
        '{ oidc.circleci.com/project-id: a, oidc.circleci.com/vcs-ref: refs/heads/main }',
        /A fork has branches of the same names/,
      ],
      [
        'any owner at the host',
        "{ oidc.circleci.com/vcs-origin: 'github.com/*/shop', oidc.circleci.com/vcs-ref: refs/heads/main }",
        /without a star/,
      ],
      [
        'any project',
        "{ sub: 'org/a/project/*/user/*/vcs-origin/github.com/acme/shop/vcs-ref/refs/heads/main' }",
        /without a star/,
      ],
      ['the repository alone', '{ oidc.circleci.com/vcs-origin: github.com/acme/shop }', /Nothing restricts/],
    ],
    audience: /circleci run oidc get --claims '\{"aud":"dbt-oidc"\}'/,
    filled: ['{oidc.circleci.com/vcs-origin}', 'github_com_acme_shop'],
  },
  {
    title: 'Bitbucket Pipelines',
    like: 'bitbucket',
    payload: BITBUCKET,
    when: `{ repositoryUuid: '${String(BITBUCKET['repositoryUuid'])}', deploymentEnvironmentUuid: '${String(BITBUCKET['deploymentEnvironmentUuid'])}', branchName: main }`,
    denied: [
      ['another branch', { branchName: 'develop' }, 'develop'],
      ['another repository of the workspace', { repositoryUuid: OTHER_UUID }, OTHER_UUID],
      ['a step without a deployment', { deploymentEnvironmentUuid: undefined }, '(absent)'],
    ],
    refused: [
      ['every repository', '{ branchName: main }', /says whose this one is/],
      ['any repository', "{ sub: '*:{5a9e429c-7b8b-404f-8648-8c40c27c9ebe}:**' }", /without a star/],
      [
        'the repository alone',
        "{ repositoryUuid: '{2e9e429c-7b8b-404f-8648-8c40c27c9ebd}' }",
        /Nothing restricts/,
      ],
      [
        'a misspelt claim',
        "{ repositoryUuid: '{2e9e429c-7b8b-404f-8648-8c40c27c9ebd}', branch_name: main }",
        /did you mean `branchName`/,
      ],
    ],
    audience: /leave `audiences` out of bitbucket-pipelines.yml/,
    filled: ['{branchName}', 'main'],
  },
  {
    title: 'a pipeline of Azure DevOps',
    like: 'azure-devops',
    payload: AZURE_DEVOPS,
    when: '{ prj_id: 271ef6f7-5998-4b0f-86fb-4b54d9129990, def_id: 1, rpo_ref: refs/heads/main }',
    denied: [
      ['another branch', { rpo_ref: 'refs/heads/develop' }, 'develop'],
      ['a pull request', { rpo_ref: 'refs/pull/7/merge' }, 'refs/pull/7/merge'],
      ['another pipeline', { def_id: '2' }, '2'],
      ['another project', { prj_id: OTHER_UUID.slice(1, -1) }, OTHER_UUID.slice(1, -1)],
    ],
    refused: [
      ['every project', '{ rpo_ref: refs/heads/main }', /says whose this one is/],
      ['any project', "{ sub: 'p://acme/*/dbt-build', rpo_ref: refs/heads/main }", /without a star/],
      ['the pipeline alone', '{ prj_id: a, def_id: 1 }', /Nothing restricts/],
      ['a misspelt claim', '{ prj_id: a, rpo_reff: refs/heads/main }', /did you mean `rpo_ref`/],
    ],
    audience: /set `audience` of the target to that/,
    filled: ['{rpo_id}_{run_id}', 'acme_shop_5'],
  },
  {
    title: 'a service connection of Azure DevOps',
    like: 'azure-devops',
    payload: AZURE_CONNECTION,
    when: "{ sub: 'sc://acme/analytics/snowflake-prod' }",
    denied: [
      ['another connection', { sub: 'sc://acme/analytics/snowflake-dev' }, 'snowflake-dev'],
      ['a pipeline of that name', { sub: 'p://acme/analytics/snowflake-prod' }, 'p://acme'],
    ],
    refused: [['any kind', "{ sub: '**/acme/analytics/snowflake-prod' }", /without a star/]],
    audience: /api:\/\/AzureADTokenExchange/,
    filled: ['{sub}', 'sc_acme_analytics_snowflake_prod'],
  },
  {
    title: 'HCP Terraform',
    like: 'terraform',
    payload: TERRAFORM,
    when: '{ terraform_organization_name: acme, terraform_workspace_id: ws-mbsd5E3Ktt5Rg2Xm, terraform_run_phase: apply }',
    denied: [
      ['a speculative plan', { terraform_run_phase: 'plan' }, 'plan'],
      ['another workspace', { terraform_workspace_id: 'ws-x' }, 'ws-x'],
      ['a stranger\u2019s organization', { terraform_organization_name: 'evil' }, 'evil'],
    ],
    refused: [
      [
        'every organization',
        '{ terraform_workspace_name: warehouse, terraform_run_phase: apply }',
        /says whose this one is/,
      ],
      [
        'any organization',
        "{ sub: 'organization:*:project:**:workspace:warehouse:run_phase:apply' }",
        /without a star/,
      ],
      [
        'the workspace alone',
        '{ terraform_organization_name: acme, terraform_workspace_name: warehouse }',
        /Nothing restricts/,
      ],
    ],
    audience: /TFC_WORKLOAD_IDENTITY_AUDIENCE of the workspace to 'dbt-oidc'/,
    filled: ['{terraform_workspace_name}', 'warehouse'],
  },
]
