import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { parse, parseDocument } from 'yaml'
import { scalarText } from '../../__tests__/support/shape.ts'
import { readConfig } from '../../src/config.ts'
import { audienceOf } from '../../src/config/target.ts'
import { exchanges } from '../../src/exchanges/index.ts'
import { warehouses } from '../../src/warehouses/index.ts'
import { inputsOfWorkflow } from '../../src/cli/workflow.ts'
import { jobOfWorkflow } from '../../src/cli/workflow/job.ts'
import { POLICY_PATH } from '../../src/config/policy-place.ts'
import { fileAt, refuse } from './given.ts'

const INPUTS = [
  'run',
  'connection',
  'identity',
  'ref',
  'environment',
  'claims',
  'audience',
  'target',
  'preflight',
  'config',
]

type Fields = Readonly<Record<string, unknown>>

/** The job of a workflow, with the connection that its step would use. */
export interface Job {
  /** Whether GitHub lets it ask for an ID token, by the permissions that it has. */
  readonly mayAsk: boolean
  readonly connection: Fields
  /** The audience that its tokens have, which may be made of the host: it stays where the connection moves. */
  audience(): Promise<string>
  /** What GitHub signs of this job, as far as workflow and policy tell. */
  readonly claims: Readonly<Record<string, string>>
  /** The inputs of the step and the policy of the checkout, with some fields of the connection in place of what is written. */
  moved(
    to: Fields,
    audience: string,
  ): {
    readonly inputs: Readonly<Record<string, string>>
    readonly policy: string | undefined
  }
}

/** Reads the workflow, and the policy file of its checkout where the step has no `connection` of its own. */
export function jobOf(workflow: string, repository: string, target: string | undefined): Job {
  const text = fileAt(resolve(workflow), 'workflow')
  const { config, ...inputs } = Object.fromEntries(inputsOfWorkflow(text, workflow, INPUTS))
  const { environment, withoutToken } = jobOfWorkflow(text, workflow)
  // It is the environment of the job that GitHub signs, and not what the step demands.
  const job = environment.kind === 'named' ? { environment: environment.name } : {}
  const mayAsk = withoutToken === undefined
  const path = join(checkoutOf(resolve(workflow)), config ?? POLICY_PATH)
  if (inputs['connection'] !== undefined || !existsSync(path)) {
    const connection = asRecord(parse(inputs['connection'] ?? ''))
    return {
      mayAsk,
      connection,
      claims: { ...texts(asRecord(parse(inputs['claims'] ?? '{}'))), ...job },
      audience: () => audienceFor({ inputs, repository, path, policy: undefined }),
      moved: (to, audience) => ({
        inputs: { ...inputs, audience, connection: JSON.stringify({ ...connection, ...to }) },
        policy: undefined,
      }),
    }
  }
  const asked = target === undefined ? inputs : { ...inputs, target }
  return { mayAsk, ...byPolicy(path, asked, { ...job, repository }) }
}

function byPolicy(
  path: string,
  inputs: Readonly<Record<string, string>>,
  job: Job['claims'],
): Omit<Job, 'mayAsk'> {
  const text = readFileSync(path, 'utf8')
  const policy = asRecord(parse(text))
  const targets = asRecord(policy['targets'])
  const [first, ...others] = Object.keys(targets)
  const name = inputs['target'] ?? first
  if (name === undefined || !Object.hasOwn(targets, name))
    return refuse(
      `${path} has no target${name === undefined ? '' : ` ${name}`}.`,
      'Write it below `targets:`.',
    )
  if (others.length > 0 && inputs['target'] === undefined)
    refuse(`${path} has ${others.length + 1} targets.`, `Name one, e.g. by --target ${name}.`)
  // A repository of another name has other ids, or it would be the same one, renamed.
  const own = (policy['repository'] ?? job['repository']) === job['repository']
  const pins = own
    ? { repository_id: policy['repository-id'], repository_owner_id: policy['repository-owner-id'] }
    : {}
  return {
    connection: asRecord(asRecord(targets[name])['connection']),
    claims: { ...texts(pins), ...job },
    audience: () => audienceFor({ inputs, repository: job['repository'] ?? '', path, policy: text, name }),
    moved(to, audience) {
      const document = parseDocument(text)
      // In the midst of a rotation it is said already.
      if (!document.hasIn(['targets', name, 'audience']))
        document.setIn(['targets', name, 'audience'], audience)
      for (const [field, value] of Object.entries(to))
        document.setIn(['targets', name, 'connection', field], value)
      return { inputs, policy: document.toString() }
    },
  }
}

interface Written {
  readonly inputs: Readonly<Record<string, string>>
  readonly repository: string
  readonly path: string
  readonly policy: string | undefined
  readonly name?: string
}

/** As the step would find it outside of a rehearsal. */
async function audienceFor({ inputs, repository, path, policy, name }: Written): Promise<string> {
  const { targets } = await readConfig(
    {
      inputs: new Map(Object.entries(inputs)),
      env: {},
      workspace: checkoutOf(path),
      serverUrl: 'https://github.com',
      repository,
      today: new Date(),
      read: async () => (policy === undefined ? { kind: 'missing' } : { kind: 'text', text: policy }),
    },
    { warehouses, exchanges },
  )
  const target = name === undefined ? [...targets.values()][0] : targets.get(name)
  return target ? audienceOf(target) : refuse(`There is no target in ${path}.`, 'Write one.')
}

/** Where `.github/workflows` lies, else the directory of the file. */
function checkoutOf(workflow: string): string {
  const directory = dirname(workflow)
  return /[\\/]\.github[\\/]workflows$/.test(directory) ? dirname(dirname(directory)) : directory
}

function texts(fields: Fields): Record<string, string> {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, value]): [string, string][] =>
      value === undefined ? [] : [[name, scalarText(value)]],
    ),
  )
}

function asRecord(value: unknown): Fields {
  return typeof value === 'object' && value ? Object.fromEntries(Object.entries(value)) : {}
}
