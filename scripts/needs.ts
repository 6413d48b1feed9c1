import { fixtureDist } from '../__tests__/support/fixture-dist.ts'
import { ensureAct } from './act.ts'
import { ensureHcl } from './hcl.ts'
import { ensurePython } from './python.ts'
import { ensureChromium } from './servers/chromium.ts'
import { ensureKeycloak } from './servers/keycloak.ts'
import { ensureOdbc } from './servers/odbc.ts'
import { ensurePostgres } from './servers/postgres.ts'
import { ensureTrino } from './servers/trino.ts'
import { ensureLinters } from './workflows.ts'
import { ensureWycheproof } from './wycheproof.ts'

type Need = () => unknown

const python = (name: Parameters<typeof ensurePython>[0]): Need => {
  return () => ensurePython(name)
}

/** dbt with the adapters of the tests. */
const DBT = python('dbt')
/** The parsers by which what is printed for warehouses is judged. */
const TRUST = python('trust')

/** What a suite needs that is not in the repository; what takes longest stands first. */
export const NEEDS = {
  // The action with the fixture's exchange in it takes as long to build as the action, which is no part of a test's time.
  test: [DBT, TRUST, fixtureDist],
  check: [ensureLinters],
  bar: [DBT, TRUST, fixtureDist, ensureLinters, ensureHcl, ensureWycheproof],
  act: [DBT, ensureAct],
  // A spec brings these by itself, too: who runs one alone need not wait for the others' gigabyte.
  downloads: [ensureTrino, ensureKeycloak, () => ensureChromium()],
  servers: [
    ...(['servers', 'databricks', 'duckdb', 'dbt2', 'aws', 'microsoft', 'others'] as const).map(python),
    ...(['synapse', 'further', 'dremio', 'vault'] as const).map(python),
    DBT,
    TRUST,
    ensureHcl,
    () => ensurePostgres(),
    ensureOdbc,
    ensureWycheproof,
  ],
} satisfies Record<string, readonly Need[]>

export type Suite = keyof typeof NEEDS

/** Most of each is waiting for a registry or for a disk. */
const AT_ONCE = 3

/** Brings what these suites need, each thing once and some at a time; each part is reused by the next run. */
export async function bring(...suites: readonly Suite[]): Promise<void> {
  const needs = [...new Set<Need>(suites.flatMap((suite) => NEEDS[suite]))].values()
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (const need of needs) await need()
    }),
  )
}
