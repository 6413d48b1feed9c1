import { fail } from '../errors.ts'
import type { KnownBad } from '../warehouse.ts'
import type { Dbt } from './resolve.ts'
import { isBelow } from './version.ts'

/** What a target needs of dbt. */
export interface Needs {
  /** Python package of the adapter: `dbt-snowflake`. */
  readonly package: string
  readonly bad: readonly KnownBad[]
  /** The exchange by which the credential comes. */
  readonly via: string
}

/** Throws `dbt-missing` without the adapter and `dbt-version` for a version that is known not to work. */
export function requireAdapter(dbt: Dbt, needs: Needs): void {
  // dbt 2.x brings its adapters along; their versions are its own.
  if (dbt.engine === '2.x') return
  const version = dbt.adapters.get(needs.package)
  if (version === undefined)
    fail({
      code: 'dbt-missing',
      problem: `dbt ${dbt.version} in ${dbt.path} has no ${needs.package}, which this target needs.`,
      remedy: `Run \`${dbt.install} ${needs.package}\` in a step before this one, or add the input \`install: dbt-core ${needs.package}\`.`,
    })
  const bad = knownBad(version, needs)
  if (!bad) return
  fail({
    code: 'dbt-version',
    problem: `${needs.package} ${version} does not work here: ${bad.reason}.`,
    remedy: `Run \`${dbt.install} '${needs.package}>=${bad.below}'\` in a step before this one, or add the input \`install: dbt-core ${needs.package}>=${bad.below}\`.`,
  })
}

/** What is known against a version of the adapter; undefined where nothing is. */
export function knownBad(version: string, { bad, via }: Pick<Needs, 'bad' | 'via'>): KnownBad | undefined {
  return bad.find((each) => isBelow(version, each.below) && (each.via?.includes(via) ?? true))
}
