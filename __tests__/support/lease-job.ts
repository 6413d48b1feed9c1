import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { installDbtStub, type Behaviour, type DbtStub } from './dbt-stub.ts'
import { fixtureDist } from './fixture-dist.ts'
import { startIssuer, type Issuer } from './issuer.ts'
import { startLeaseServer, type LeaseServer } from './lease-server.ts'
import { PROJECT } from './process.ts'
import { runStep, type StepOptions, type StepResult } from './step.ts'

/** A job whose credential is on loan: every word of the sentence, and everything that can be revoked and can leak. */
export interface LeaseJob extends AsyncDisposable {
  readonly issuer: Issuer
  readonly lender: LeaseServer
  readonly dbt: DbtStub
  step(options?: StepOptions): Promise<StepResult>
  /** Every secret that the job has seen until now, by name. */
  secrets(): Record<string, string>
}

/** Opens a job; `build` is what `dbt build` does. */
export async function openLeaseJob(build: Behaviour = {}): Promise<LeaseJob> {
  const dist = await fixtureDist()
  const directory = mkdtempSync(join(tmpdir(), 'dbt-oidc-lease-'))
  const issuer = await startIssuer()
  const lender = await startLeaseServer(issuer)
  const dbt = await installDbtStub(join(directory, 'env'), {
    behaviours: { build },
    packages: { 'dbt-ledger': '1.0.0' },
  })
  const inputs = {
    run: 'build',
    connection: '{ type: ledger, book: main }',
    identity: `{ via: lease, url: "${lender.url}" }`,
    ref: 'refs/heads/main',
  }
  return {
    issuer,
    lender,
    dbt,
    step: (options = {}) =>
      runStep({
        issuer,
        dist,
        files: PROJECT,
        path: [dbt.bin],
        ...options,
        inputs: { ...inputs, ...options.inputs },
      }),
    secrets: () => ({
      ...numbered('token', issuer.minted),
      ...numbered(
        'password',
        lender.leases.map(({ password }) => password),
      ),
      'request token': issuer.requestToken,
    }),
    async [Symbol.asyncDispose]() {
      await lender[Symbol.asyncDispose]()
      await issuer.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

function numbered(name: string, values: readonly string[]): Record<string, string> {
  return Object.fromEntries(values.map((value, at) => [`${name} ${at + 1}`, value]))
}
