import { resolve } from 'node:path'
import { POLICY_PATH } from '../config/policy-place.ts'
import { placeOf, type PolicyPlace, type PolicyRead } from '../config/policy-place.ts'
import { entry } from '../config/grants.ts'
import type { Sources } from '../config/sources.ts'
import { fail } from '../errors.ts'
import { readRegular } from '../regular.ts'
import { readYaml } from '../yaml.ts'
import { gitHub } from './octokit.ts'
import type { Workflow } from './places.ts'
import { repositoryOfCheckout } from './remote.ts'
import { inputsOfWorkflow } from './workflow.ts'
import { jobOfWorkflow, type WorkflowJob } from './workflow/job.ts'

/** What the command line says about the configuration. */
export interface Given {
  readonly config?: string
  readonly workflow?: string
  readonly target?: string
  readonly repository?: string
  /** Which of the policy's `issuers` is asked about; GitHub where it is absent. */
  readonly issuer?: string
}

/** What a configuration is read from, and the workflow among it. */
export interface Found {
  readonly sources: Sources
  readonly workflow: Workflow | undefined
}

/** The configuration of the step, as it stands in this checkout. */
export async function sourcesOf(given: Given): Promise<Found> {
  const workspace = process.cwd()
  await checkGiven(given, workspace)
  const workflow = given.workflow === undefined ? undefined : await readWorkflow(given.workflow)
  const inputs = workflow ? inputsOfWorkflow(workflow.text, workflow.path) : new Map<string, string>()
  const elsewhere = placeOf(given.config ?? '') !== undefined
  if (given.config !== undefined) inputs.set('config', elsewhere ? given.config : resolve(given.config))
  const sources: Sources = {
    inputs,
    env: {},
    workspace,
    serverUrl: process.env['GITHUB_SERVER_URL'] ?? 'https://github.com',
    repository: await repositoryOf(given, workspace, inputs),
    today: new Date(),
    ...(given.issuer !== undefined && { issuer: given.issuer }),
    ...(given.config !== undefined && { policyAnywhere: true }),
    read: (path) => readRegular(path),
    readPolicy,
  }
  return { sources, workflow }
}

/** The job around the step, where a workflow is named. Throws `configuration` where it has not exactly one such step. */
export async function jobGiven({ workflow }: Given): Promise<WorkflowJob | undefined> {
  if (workflow === undefined) return undefined
  const { text, path } = await readWorkflow(workflow)
  return jobOfWorkflow(text, path)
}

async function readPolicy(place: PolicyPlace): Promise<PolicyRead> {
  const { readPolicyAt } = await import('../host/github.ts')
  return readPolicyAt(
    place,
    await gitHub({ instead: 'or name a file', limit: 2 * 1024 * 1024, patient: true }),
  )
}

async function checkGiven({ config, workflow }: Given, workspace: string): Promise<void> {
  if (config !== undefined && workflow !== undefined)
    fail({
      code: 'usage',
      problem: '--config and --workflow each name a whole configuration.',
      remedy:
        'Give one of the two: --config for a policy file, --workflow for a step that has everything in its inputs.',
    })
  if (workflow !== undefined || placeOf(config ?? '')) return
  const { kind } = await readRegular(resolve(workspace, config ?? POLICY_PATH))
  if (kind !== 'missing') return
  fail({
    code: 'configuration',
    problem: config === undefined ? `There is no ${POLICY_PATH} here.` : `There is no file ${config}.`,
    remedy:
      config === undefined
        ? 'Name one with --config, or a workflow with --workflow.'
        : 'Name the policy file with --config, or leave it out for .github/dbt-oidc.yml.',
  })
}

async function readWorkflow(path: string): Promise<Workflow> {
  const found = await readRegular(resolve(path))
  if (found.kind === 'text') return { path, text: found.text }
  return fail({
    code: 'configuration',
    problem: `The workflow ${path} cannot be read.`,
    remedy: 'Name a file below .github/workflows.',
  })
}

/** Whether every grant of a policy is for the tokens of another issuer, which know no repository. */
function isForOthers(text: string): boolean {
  const { node } = readYaml(text, POLICY_PATH)
  const grants = node?.kind === 'map' ? entry(node, 'grants') : undefined
  return (
    grants?.kind === 'list' &&
    grants.items.every((grant) => grant.kind === 'map' && entry(grant, 'issuer') !== undefined)
  )
}

/** Every subject begins with it, so it has to be known unless the policy says it. */
async function repositoryOf(
  given: Given,
  workspace: string,
  inputs: ReadonlyMap<string, string>,
): Promise<string> {
  const known =
    given.repository || process.env['GITHUB_REPOSITORY'] || (await repositoryOfCheckout(workspace))
  if (known !== '') return known
  const path = inputs.get('config') ?? POLICY_PATH
  const policy =
    inputs.has('connection') || placeOf(path) !== undefined
      ? undefined
      : await readRegular(resolve(workspace, path))
  if (policy?.kind === 'text' && (/^repository:/m.test(policy.text) || isForOthers(policy.text))) return ''
  return fail({
    code: 'configuration',
    problem: 'The repository is not known, and every subject begins with it.',
    remedy: 'Name it with --repository OWNER/NAME, or write `repository: OWNER/NAME` into the policy.',
  })
}
