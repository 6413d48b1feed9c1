// Runs the step of a workflow on this machine, against a warehouse that trusts what `dbt-oidc trust --out` has written.
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { Command } from 'commander'
import { startIssuer } from '../../__tests__/support/issuer.ts'
import { runStep } from '../../__tests__/support/step.ts'
import { POLICY_PATH } from '../../src/config/policy-place.ts'
import { DbtOidcError } from '../../src/errors.ts'
import { nearest } from '../../src/nearest.ts'
import { failureLines } from '../../src/report/failure.ts'
import { openStage } from '../demo/stage.ts'
import { ensurePython } from '../python.ts'
import { directoryAt, refuse } from '../rehearse/given.ts'
import { jobOf } from '../rehearse/job.ts'
import { STAND_INS } from '../rehearse/warehouses.ts'
import { task } from '../task.ts'

const PROJECT = join(import.meta.dirname, '..', '..', 'demo', 'project')

interface Options {
  readonly workflow: string
  readonly trust: string
  readonly repository: string
  readonly ref: string
  readonly target?: string
  readonly project: string
}

await task(async () => {
  const command = new Command('rehearse')
    .requiredOption('--workflow <file>', 'the workflow whose step is run')
    .requiredOption('--trust <directory>', 'what `dbt-oidc trust --out` has written')
    .requiredOption('--repository <owner/name>', 'the repository that the token names')
    .option('--ref <ref>', 'the ref that the token names', 'refs/heads/main')
    .option('--target <name>', 'the target, where the policy of the checkout has more than one')
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

async function rehearse({ workflow, trust, repository, ref, target, project }: Options): Promise<number> {
  const job = jobOf(workflow, repository, target)
  const standIn = standInFor(job.connection['type'], workflow)
  directoryAt(resolve(trust), 'The trust', 'Write it with `node dist/cli.js trust --workflow … --out …`.')
  directoryAt(resolve(project), 'The project', 'Name the directory of a dbt_project.yml.')
  await using issuer = await startIssuer({ claims: { ...job.claims, repository, ref } })
  const start = standIn.read({ issuer, trust: resolve(trust), connection: job.connection })
  const python = await ensurePython(standIn.environment)
  await using warehouse = await start(python.python)
  const stage = openStage()
  stage.say(`GitHub is ${issuer.serverUrl}; the connection gets ${JSON.stringify(warehouse.connection)}.\n`)
  const { inputs, policy } = job.moved(warehouse.connection, await job.audience())
  await using step = await runStep({
    issuer,
    token: job.mayAsk,
    inputs,
    path: [python.bin],
    env: { DO_NOT_TRACK: '1', ...warehouse.env },
    prepare({ workspace }) {
      cpSync(resolve(project), workspace, { recursive: true })
      if (policy === undefined) return
      const path = join(workspace, inputs['config'] ?? POLICY_PATH)
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, policy)
    },
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
      ? `The step of ${workflow} has no \`connection\` with a \`type\`, and its checkout no policy with one.`
      : `There is no stand-in for the warehouse ${name}${near === undefined ? '' : `; did you mean ${near}?`}`,
    `A rehearsal knows ${known.join(', ')}: write a \`connection\` of one of them into the step or the policy.`,
  )
}

/** The same sentence once, with how often. */
function summed(sentences: readonly string[]): readonly string[] {
  const counts = new Map<string, number>()
  for (const sentence of sentences) counts.set(sentence, (counts.get(sentence) ?? 0) + 1)
  return [...counts].map(([sentence, count]) => (count === 1 ? sentence : `${sentence} (${count} times)`))
}
