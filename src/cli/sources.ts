import { resolve } from 'node:path'
import { POLICY_PATH } from '../config/from-policy.ts'
import type { Sources } from '../config/sources.ts'
import { fail } from '../errors.ts'
import { readRegular } from '../regular.ts'
import { repositoryOfCheckout } from './remote.ts'
import { inputsOfWorkflow } from './workflow.ts'

/** What the command line says about the configuration. */
export interface Given {
  readonly config?: string
  readonly workflow?: string
  readonly target?: string
  readonly repository?: string
}

/** The configuration of the step, as it stands in this checkout. */
export async function sourcesOf(given: Given): Promise<Sources> {
  const workspace = process.cwd()
  const inputs = given.workflow === undefined ? new Map<string, string>() : await readWorkflow(given.workflow)
  if (given.config !== undefined) inputs.set('config', resolve(given.config))
  return {
    inputs,
    env: {},
    workspace,
    serverUrl: process.env['GITHUB_SERVER_URL'] ?? 'https://github.com',
    repository: await repositoryOf(given, workspace),
    today: new Date(),
    read: (path) => readRegular(path),
  }
}

async function readWorkflow(path: string): Promise<Map<string, string>> {
  const found = await readRegular(resolve(path))
  if (found.kind === 'text') return inputsOfWorkflow(found.text, path)
  return fail({
    code: 'configuration',
    problem: `The workflow ${path} cannot be read.`,
    remedy: 'Name a file below .github/workflows.',
  })
}

/** Every subject begins with it, so it has to be known unless the policy says it. */
async function repositoryOf(given: Given, workspace: string): Promise<string> {
  const known =
    given.repository || process.env['GITHUB_REPOSITORY'] || (await repositoryOfCheckout(workspace))
  if (known !== '') return known
  const policy =
    given.workflow === undefined
      ? await readRegular(resolve(workspace, given.config ?? POLICY_PATH))
      : undefined
  if (policy?.kind === 'text' && /^repository:/m.test(policy.text)) return ''
  return fail({
    code: 'configuration',
    problem: 'The repository is not known, and every subject begins with it.',
    remedy: 'Name it with --repository OWNER/NAME, or write `repository: OWNER/NAME` into the policy.',
  })
}
