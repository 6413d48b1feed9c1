import { cpSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { readConfig } from '../../../src/config.ts'
import { exchanges } from '../../../src/exchanges/index.ts'
import { trustDocuments } from '../../../src/trust/request.ts'
import type { TrustDocument } from '../../../src/trust.ts'
import { warehouses } from '../../../src/warehouses/index.ts'
import { startIssuer, type Issuer } from '../issuer.ts'
import { QUIET } from '../process.ts'
import { runStep, type StepOptions, type StepResult } from '../step.ts'
import { newCloud, type Cloud } from './account.ts'
import { ACCOUNT, HOST, REGION, ROLE } from './bench.ts'
import { newSts, type Sts, type StsOptions } from './sts.ts'

/** GitHub and an AWS account for the built action; the account knows of a configuration what its documents say. */
export interface Site extends AsyncDisposable {
  readonly issuer: Issuer
  readonly cloud: Cloud
  readonly sts: Sts
  /** What the configuration of these inputs asks the other side to trust. */
  documents(inputs: Inputs): Promise<readonly TrustDocument[]>
  /** Runs the built action on the demo project. */
  step(inputs: Inputs, options?: StepOptions): Promise<StepResult>
}

type Inputs = Readonly<Record<string, string>>

const project = resolve(import.meta.dirname, '..', '..', '..', 'demo', 'project')

export { ACCOUNT, REGION, ROLE }

/** Opens both; `bin` is where dbt is. */
export async function openSite(bin: string, options: Partial<StsOptions> = {}): Promise<Site> {
  const issuer = await startIssuer()
  const cloud = newCloud()
  const sts = newSts({ cloud, region: REGION, host: HOST, ...options })
  issuer.at(HOST, sts.handler)
  return {
    issuer,
    cloud,
    sts,
    async documents(inputs) {
      const config = await readConfig(
        {
          inputs: new Map(Object.entries(inputs)),
          env: {},
          workspace: '/w',
          serverUrl: issuer.serverUrl,
          repository: 'o/r',
          today: new Date(),
          read: async () => ({ kind: 'missing' }),
        },
        { warehouses, exchanges },
      )
      const each = [...config.targets.values()].map((target) => trustDocuments(config, target))
      return (await Promise.all(each)).flat()
    },
    step: (inputs, { prepare, env, ...more } = {}) =>
      runStep({
        issuer,
        inputs,
        path: [bin],
        deadline: 280_000,
        // Of what is in QUIET, DO_NOT_TRACK does not reach dbt.
        env: { ...QUIET, DBT_SEND_ANONYMOUS_USAGE_STATS: 'false', ...env },
        prepare(scratch) {
          cpSync(project, scratch.workspace, { recursive: true })
          prepare?.(scratch)
        },
        ...more,
      }),
    [Symbol.asyncDispose]: () => issuer.close(),
  }
}

/** Where the programs of a Python environment are. */
export function serversBin(name: 'servers' | 'duckdb' = 'servers'): string {
  return join(project, '..', '..', '.cache', 'python', name, 'bin')
}
