import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { readConfig } from '../config.ts'
import { POLICY_PATH } from '../config/policy-place.ts'
import { DbtOidcError, fail } from '../errors.ts'
import { exchanges } from '../exchanges/index.ts'
import { readOutputs } from '../migrate/outputs.ts'
import { planOf, type Plan } from '../migrate/plan.ts'
import { readWorkflow } from '../migrate/workflow.ts'
import { visible } from '../policy/visible.ts'
import { readRegular } from '../regular.ts'
import { codeOf } from '../retry.ts'
import { warehouses } from '../warehouses/index.ts'
import { EXIT } from './exit.ts'
import { migrationText } from './migrate/text.ts'
import { repositoryOfCheckout } from './remote.ts'
import { printDocument, printJson } from './print.ts'

/** What is migrated, and how it is told. */
export interface Migrating {
  readonly profiles?: string
  readonly workflow?: readonly string[]
  readonly repository?: string
  readonly uses: string
  readonly write?: boolean
  readonly json?: boolean
}

const WORKFLOWS = '.github/workflows'

/**
 * Proposes policy and workflows, and changes nothing unless told. What is proposed is read by the step's own parser
 * first; the exit code is 1 where some target keeps its secret, or the proposal does not hold as it stands.
 */
export async function migrate(migrating: Migrating): Promise<void> {
  const profiles = migrating.profiles ?? (await profilesHere())
  const names = migrating.workflow ?? (await workflowsHere())
  const read = await Promise.all(names.map(async (name) => readWorkflow(name, await textOf(name))))
  const workflows = read.filter(({ jobs }) => jobs.some(({ steps }) => steps.some(({ script }) => script)))
  if (workflows.length === 0)
    fail({
      code: 'configuration',
      problem: `No step of ${names.map(visible).join(', ') || WORKFLOWS} runs dbt.`,
      remedy: 'Name the workflow that does with --workflow.',
    })
  const plan = planOf({
    repository: await repositoryOf(migrating),
    profiles: readOutputs(profiles, await textOf(profiles)),
    workflows: read,
    registries: { warehouses, exchanges },
    uses: migrating.uses,
    schema: SCHEMA,
  })
  const problems = await problemsOf(plan)
  if (migrating.write) await write(plan)
  const told = { ...plan, problems }
  if (migrating.json) printJson(told)
  else printDocument(migrationText(told, { written: migrating.write === true }))
  if (problems.length > 0 || plan.kept.length > 0) process.exitCode = EXIT.no
}

const SCHEMA = 'https://raw.githubusercontent.com/OWNER/dbt-oidc/v1/schema.json'

/** What the step's own parser says of the proposal. */
async function problemsOf({ policy }: Plan): Promise<readonly string[]> {
  const workspace = process.cwd()
  const path = join(workspace, POLICY_PATH)
  try {
    await readConfig(
      {
        inputs: new Map(),
        env: {},
        workspace,
        serverUrl: 'https://github.com',
        repository: '',
        today: new Date(),
        read: async (name) => (name === path ? { kind: 'text', text: policy } : readRegular(name)),
      },
      { warehouses, exchanges },
    )
    return []
  } catch (error) {
    if (!(error instanceof DbtOidcError)) throw error
    return error.details.length > 0 ? error.details : [error.problem]
  }
}

async function write({ policy, workflows }: Plan): Promise<void> {
  try {
    await mkdir(dirname(POLICY_PATH), { recursive: true })
    await writeFile(POLICY_PATH, policy, { flag: 'wx' })
    for (const { path, after } of workflows) await writeFile(path, after)
  } catch (error) {
    fail({
      code: 'configuration',
      problem:
        codeOf(error) === 'EEXIST'
          ? `${POLICY_PATH} is there already, and nothing was written.`
          : `The proposal cannot be written (${codeOf(error)}).`,
      remedy: 'Leave --write away, and take from the proposal what you need.',
    })
  }
}

async function repositoryOf({ repository }: Migrating): Promise<string> {
  const known = repository || process.env['GITHUB_REPOSITORY'] || (await repositoryOfCheckout(process.cwd()))
  if (known !== '') return known
  return fail({
    code: 'configuration',
    problem: 'The repository is not known, and every grant holds for one.',
    remedy: 'Name it with --repository OWNER/NAME.',
  })
}

async function textOf(name: string): Promise<string> {
  const found = await readRegular(resolve(name))
  if (found.kind === 'text') return found.text
  return fail({
    code: 'configuration',
    problem: `${visible(name)} cannot be read.`,
    remedy: 'Name a file that is there, with --profiles or --workflow.',
  })
}

async function workflowsHere(): Promise<readonly string[]> {
  const names = await readdir(WORKFLOWS).catch((): string[] => [])
  return names
    .filter((name) => /\.ya?ml$/.test(name))
    .toSorted()
    .map((name) => `${WORKFLOWS}/${name}`)
}

/** Where projects have it; deeper than two directories nobody has looked for one yet. */
async function profilesHere(): Promise<string> {
  const found: string[] = []
  const look = async (directory: string, depth: number): Promise<void> => {
    for (const entry of await readdir(directory || '.', { withFileTypes: true })) {
      const path = directory === '' ? entry.name : `${directory}/${entry.name}`
      if (entry.isFile() && entry.name === 'profiles.yml') found.push(path)
      const hidden = entry.name === 'node_modules' || entry.name === '.git'
      if (entry.isDirectory() && depth > 0 && !hidden) await look(path, depth - 1)
    }
  }
  await look('', 2)
  const [first, another] = found.toSorted()
  if (first !== undefined && another === undefined) return first
  return fail({
    code: 'configuration',
    problem:
      first === undefined ? 'There is no profiles.yml here.' : `There are several: ${found.join(', ')}.`,
    remedy: 'Name the one that the workflow uses with --profiles.',
  })
}
