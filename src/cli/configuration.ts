import type { Command } from 'commander'
import { readConfig, type Config } from '../config.ts'
import type { Sources } from '../config/sources.ts'
import { exchanges } from '../exchanges/index.ts'
import { warehouses } from '../warehouses/index.ts'
import { refuseUnfilled } from './fill-in.ts'
import { atHome, homeIn, type Home } from './places.ts'
import { sourcesOf, type Given } from './sources.ts'

/** The configuration of the step with what it was read from. */
export interface Configured {
  readonly config: Config
  readonly sources: Sources
  /** Says where something is that the configuration places by an input; its own warnings say it already. */
  readonly home: Home
}

/** The options by which every command is told what to read. */
export function readsConfiguration(command: Command): Command {
  return command
    .option('--config <file>', 'the policy file (default: .github/dbt-oidc.yml)')
    .option('--workflow <file>', 'a workflow that uses the action, with its inputs or with the policy file')
    .option('--repository <owner/name>', 'the repository (default: the policy, else the remote `origin`)')
}

/**
 * Reads what the options name, as the step would read it; `filled`: without values that somebody has yet to fill in. Throws
 * `configuration` with every problem at once.
 */
export async function configured(given: Given, values?: 'filled'): Promise<Configured> {
  const { sources, workflow } = await sourcesOf(given)
  if (values === 'filled') await refuseUnfilled(sources)
  const home = homeIn(given, workflow)
  const config = await readConfig(sources, { warehouses, exchanges }).catch((error: unknown) => {
    throw atHome(error, home)
  })
  const notices = config.notices.map(({ code, text }) => ({ code, text: home(text) }))
  return { config: { ...config, notices, warnings: notices.map(({ text }) => text) }, sources, home }
}
