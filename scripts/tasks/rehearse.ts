// Runs the step of a workflow on this machine, against a warehouse that trusts what `dbt-oidc trust --out` has written.
import { cpSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Command } from 'commander'
import { parse } from 'yaml'
import { startIssuer } from '../../__tests__/support/issuer.ts'
import { runStep } from '../../__tests__/support/step.ts'
import { inputsOfWorkflow } from '../../src/cli/workflow.ts'
import { DbtOidcError } from '../../src/errors.ts'
import { nearest } from '../../src/nearest.ts'
import { failureLines } from '../../src/report/failure.ts'
import { openStage } from '../demo/stage.ts'
import { ensurePython } from '../python.ts'
import { directoryAt, fileAt, refuse } from '../rehearse/given.ts'
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
  try {
    return await rehearse(command.parse(process.argv).opts<Options>())
  } catch (error) {
    if (!(error instanceof DbtOidcError)) throw error
    // Nothing here holds a token of anybody.
    console.error(failureLines(error, { colour: false, scrub: (text) => text }).join('\n'))
    return 1
  }
})

async function rehearse({ workflow, trust, repository, ref, project }: Options): Promise<number> {
  const inputs = inputsOfWorkflow(fileAt(resolve(workflow), 'workflow'), workflow, INPUTS)
  const connection = asRecord(parse(inputs.get('connection') ?? ''))
  const standIn = standInFor(connection['type'], workflow)
  directoryAt(resolve(trust), 'The trust', 'Write it with `node dist/cli.js trust --workflow … --out …`.')
  directoryAt(resolve(project), 'The project', 'Name the directory of a dbt_project.yml.')
  await using issuer = await startIssuer({
    claims: whose(inputs, repository, ref),
  })
  const start = standIn.read({ issuer, trust: resolve(trust) })
  const python = await ensurePython(standIn.environment)
  await using warehouse = await start(python.python)
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
  if (step.exitCode === 0) stage.claim('the step succeeded', true)
  else stage.say(`  ✗ the step failed (exit ${step.exitCode})`)
  return step.exitCode === 0 ? 0 : 1
}

function standInFor(type: unknown, workflow: string): (typeof STAND_INS)[string] {
  const known = Object.keys(STAND_INS)
  const name = typeof type === 'string' ? type : undefined
  const near = name === undefined ? undefined : nearest(name, known)
  const found = name !== undefined && Object.hasOwn(STAND_INS, name) ? STAND_INS[name] : undefined
  if (found) return found
  return refuse(
    name === undefined
      ? `The step of ${workflow} has no \`connection\` with a \`type\`.`
      : `There is no stand-in for the warehouse ${name}${near === undefined ? '' : `; did you mean ${near}?`}`,
    `A rehearsal knows ${known.join(' and ')}: write a \`connection\` of one of them into the step.`,
  )
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
