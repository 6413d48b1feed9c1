import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import type { Issuer } from './issuer.ts'
import { runStep, type StepOptions, type StepResult } from './step.ts'

/** The audience of a token that is meant for the target `prod` of {@link snowflakeAt}. */
export const AUDIENCE = 'https://127.0.0.1/prod'

/** The smallest project. */
export const PROJECT = { 'dbt_project.yml': 'name: shop\nprofile: shop\n' }

/** dbt says nothing to its makers, and no colours to a test. */
export const QUIET = { DO_NOT_TRACK: '1', DBT_USE_COLORS: 'false' }

/** A Snowflake on this machine as a `connection`. */
export const snowflakeAt = (port: number): string =>
  `{ type: snowflake, account: acme, host: 127.0.0.1, port: ${port}, protocol: http, role: TRANSFORMER, warehouse: XS, database: ANALYTICS, schema: SHOP }`

/** Runs a step on main that says `run: build` for a DuckDB, but for what a test says otherwise. */
export function shopStep(
  issuer: Issuer,
  bin: string | undefined,
  options: StepOptions = {},
): Promise<StepResult> {
  const usual = { run: 'build', connection: '{ type: duckdb, path: prod.duckdb }', ref: 'refs/heads/main' }
  return runStep({
    issuer,
    files: PROJECT,
    path: bin === undefined ? [] : [bin],
    ...options,
    inputs: { ...usual, ...options.inputs },
  })
}

/** The log as text, without colours. */
export const logOf = ({ fullLog }: StepResult): string => stripVTControlCharacters(fullLog.text)

/** The private directories that are there now. */
export function remainsOf({ paths }: Pick<StepResult, 'paths'>): string[] {
  const names = readdirSync(paths.temp).filter((name) => /^dbt-oidc-[0-9a-f]{24}$/.test(name))
  return names.map((name) => join(paths.temp, name))
}
