import type { Access } from './access.ts'
import type { Config } from './config.ts'
import type { ReadyDbt } from './dbt/run.ts'
import type { Host } from './host.ts'

/** The words of the sentence that need dbt, read where it will run. */
export { prepareEarly } from './dbt/early.ts'
export { prepareDbt, runDbt } from './dbt/run.ts'
export { keepProfile } from './keep.ts'

/** One login before dbt's own, where it is asked for. */
export async function preflight(config: Config, access: Access, dbt: ReadyDbt, host: Host): Promise<void> {
  if (!config.preflight) return
  const { checkWhoWeAre } = await import('./preflight.ts')
  await checkWhoWeAre(access, dbt, host)
}
