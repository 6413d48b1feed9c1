import type { Config } from './config.ts'

/** Whether dbt is run by this step; otherwise later steps read the profile, and it has to hold the credential itself. */
export function isRunMode(config: Config): boolean {
  return config.commands.length > 0 && config.until === undefined
}
