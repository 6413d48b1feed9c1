import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Running } from '../../__tests__/support/child.ts'
import { startIssuer, type Issuer } from '../../__tests__/support/issuer.ts'
import { filesBelow } from '../../__tests__/support/scratch.ts'
import { runStep, type StepResult } from '../../__tests__/support/step.ts'
import type { PythonEnvironment } from '../python.ts'
import type { Stage } from './stage.ts'

/** Who asks GitHub for the token: what differs from the shop's own nightly run. */
export type Workflow = Readonly<Record<string, unknown>>

/** The shop's repository on one machine, with a local issuer in GitHub's place. */
export interface Shop extends AsyncDisposable {
  readonly issuer: Issuer
  policy(): string
  /** Runs the step of a workflow while the stage shows its log; `files` are put into its checkout. */
  run(
    workflow: Workflow,
    inputs: Readonly<Record<string, string>>,
    files?: Readonly<Record<string, string>>,
  ): Promise<StepResult>
  /** Sets the port of the local Snowflake into the policy. */
  connectSnowflake(port: number): void
}

const DEMO = join(import.meta.dirname, '..', '..', 'demo')

const NIGHTLY = {
  repository: 'acme/shop',
  repository_id: '7654321',
  repository_owner_id: '1234567',
  workflow: 'nightly',
  ref: 'refs/heads/main',
  environment: 'production',
  event_name: 'push',
  actor: 'ada',
}

/** Opens the shop: every step runs in the same workspace, one after the other. */
export async function openShop(stage: Pick<Stage, 'log'>, python: PythonEnvironment): Promise<Shop> {
  const issuer = await startIssuer({ claims: NIGHTLY })
  const interruption = onInterrupt()
  let policy = readFileSync(join(DEMO, 'dbt-oidc.yml'), 'utf8')
  let last: StepResult | undefined
  return {
    issuer,
    policy: () => policy,
    connectSnowflake: (port) => void (policy = policy.replace(/port: \d+/, `port: ${port}`)),
    async run(workflow, inputs, files = {}) {
      issuer.claims({ ...NIGHTLY, ...workflow })
      last = await runStep({
        issuer,
        inputs,
        path: [python.bin],
        env: { DO_NOT_TRACK: '1' },
        files: { ...projectFiles(), '.github/dbt-oidc.yml': policy, ...files },
        onStdout: stage.log(),
        during: interruption.watch,
        deadline: 300_000,
        ...(last ? { after: last } : {}),
      })
      await last.post()
      interruption.check()
      return last
    },
    async [Symbol.asyncDispose]() {
      interruption.end()
      await last?.dispose()
      await issuer.close()
    },
  }
}

/** On Ctrl-C the running step is ended as a runner ends it, and the story with it, so that nothing stays behind. */
function onInterrupt(): {
  readonly watch: (step: Running) => Promise<void>
  readonly check: () => void
  readonly end: () => void
} {
  let running: Running | undefined
  let interrupted = false
  const interrupt = (): void => {
    interrupted = true
    // A terminal has sent the signal to the step as well.
    if (!process.stdin.isTTY) running?.kill('SIGINT')
  }
  process.on('SIGINT', interrupt)
  return {
    watch: async (step) => void (running = step),
    check() {
      if (interrupted) throw new Error('Interrupted.')
    },
    end: () => void process.off('SIGINT', interrupt),
  }
}

function projectFiles(): Record<string, string> {
  const project = join(DEMO, 'project')
  const kept = filesBelow(project).filter((path) => !/^(target|logs|dbt_packages)\//.test(path))
  return Object.fromEntries(kept.map((path) => [path, readFileSync(join(project, path), 'utf8')]))
}
