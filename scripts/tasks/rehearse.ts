// Runs the step of a workflow on this machine, against a warehouse that trusts what `dbt-oidc trust --out` has written.
import { cpSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Command } from 'commander'
import { parse } from 'yaml'
import { startIssuer } from '../../__tests__/support/issuer.ts'
import { runStep } from '../../__tests__/support/step.ts'
import { inputsOfWorkflow } from '../../src/cli/workflow.ts'
import { openStage } from '../demo/stage.ts'
import { ensurePython } from '../python.ts'
import { STAND_INS } from '../rehearse/warehouses.ts'
import { task } from '../task.ts'

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
]
const PROJECT = join(import.meta.dirname, '..', '..', 'demo', 'project')

interface Options {
  readonly workflow: string
  readonly trust: string
  readonly repository: string
  readonly ref: string
  readonly project: string
}

await task(async () => {
  const command = new Command('rehearse')
    .requiredOption('--workflow <file>', 'the workflow whose step is run')
    .requiredOption('--trust <directory>', 'what `dbt-oidc trust --out` has written')
    .requiredOption('--repository <owner/name>', 'the repository that the token names')
    .option('--ref <ref>', 'the ref that the token names', 'refs/heads/main')
    .option('--project <directory>', 'the dbt project', PROJECT)
  return rehearse(command.parse(process.argv).opts<Options>())
})

async function rehearse({ workflow, trust, repository, ref, project }: Options): Promise<number> {
  const inputs = inputsOfWorkflow(readFileSync(resolve(workflow), 'utf8'), workflow, INPUTS)
  const connection = asRecord(parse(inputs.get('connection') ?? ''))
  const standIn = STAND_INS[String(connection['type'])]
  if (!standIn)
    throw new Error(
      `A rehearsal knows ${Object.keys(STAND_INS).join(' and ')}; the workflow has ${String(connection['type'])}.`,
    )
  const python = await ensurePython(standIn.environment)
  await using issuer = await startIssuer({
    claims: whose(inputs, repository, ref),
  })
  await using warehouse = await standIn.start({ issuer, trust: resolve(trust), python: python.python })
  const stage = openStage()
  stage.say(`GitHub is ${issuer.serverUrl}; the connection gets ${JSON.stringify(warehouse.connection)}.\n`)
  await using step = await runStep({
    issuer,
    inputs: {
      ...Object.fromEntries(inputs),
      connection: JSON.stringify({ ...connection, ...warehouse.connection }),
    },
    path: [python.bin],
    env: { DO_NOT_TRACK: '1' },
    prepare: ({ workspace }) => cpSync(resolve(project), workspace, { recursive: true }),
    onStdout: stage.log(),
    deadline: 300_000,
  })
  await step.post()
  stage.say('')
  for (const sentence of summed(warehouse.told())) stage.say(sentence)
  stage.claim('the step succeeded', step.exitCode === 0)
  return step.exitCode === 0 ? 0 : 1
}

/** The claims of a token of this job: text, as GitHub signs them. */
function whose(inputs: ReadonlyMap<string, string>, repository: string, ref: string): Record<string, string> {
  const environment = inputs.get('environment')
  const further = Object.entries(asRecord(parse(inputs.get('claims') ?? '{}')))
  return {
    ...Object.fromEntries(further.map(([claim, value]) => [claim, String(value)])),
    repository,
    ref,
    ...(environment === undefined ? {} : { environment }),
  }
}

/** The same sentence once, with how often. */
function summed(sentences: readonly string[]): readonly string[] {
  const counts = new Map<string, number>()
  for (const sentence of sentences) counts.set(sentence, (counts.get(sentence) ?? 0) + 1)
  return [...counts].map(([sentence, count]) => (count === 1 ? sentence : `${sentence} (${count} times)`))
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value ? Object.fromEntries(Object.entries(value)) : {}
}
