import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { installDbtStub, type Behaviour, type DbtStub, type StubOptions } from './dbt-stub.ts'
import { startIssuer, type Issuer, type IssuerOptions } from './issuer.ts'
import { runStep, type StepOptions, type StepResult } from './step.ts'

/** A job with an issuer in GitHub's place and a dbt that notes how it was called. */
export interface Job extends AsyncDisposable {
  readonly issuer: Issuer
  readonly dbt: DbtStub
  step(options?: StepOptions): Promise<StepResult>
}

export const PROJECT = { 'dbt_project.yml': 'name: shop\nprofile: shop\n' }

/** Inputs that grant the issuer's usual token: o/r, refs/heads/main. */
export const GRANTED = {
  run: 'build',
  connection: '{ type: duckdb, path: prod.duckdb }',
  ref: 'refs/heads/main',
}

/** Opens a job; `behaviour` is what `dbt build` does. */
export async function openJob(
  claims: IssuerOptions = {},
  behaviour: Behaviour = {},
  packages: NonNullable<StubOptions['packages']> = {},
): Promise<Job> {
  const directory = mkdtempSync(join(tmpdir(), 'dbt-oidc-job-'))
  const issuer = await startIssuer(claims)
  const dbt = await installDbtStub(join(directory, 'env'), { behaviours: { build: behaviour }, packages })
  return {
    issuer,
    dbt,
    step: (options = {}) => runStep({ issuer, files: PROJECT, path: [dbt.bin], inputs: GRANTED, ...options }),
    async [Symbol.asyncDispose]() {
      await issuer[Symbol.asyncDispose]()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** What is left of a step beside its audit log and what dbt itself wrote. */
export function remains(step: StepResult): string[] {
  return step
    .leftBehind()
    .map(({ path }) => path)
    .filter((path) => path.startsWith('temp/') && path !== 'temp/dbt-oidc-audit.jsonl')
}

/** The records of the audit log that lies where the output says. */
export { auditRecords as auditOf } from './audit-schema.ts'
