import type { Config } from '../config.ts'
import type { Target } from '../config/target.ts'
import type { Host } from '../host.ts'
import { requirePackages } from './packages.ts'
import { readProjectFile } from './project.ts'
import { prepareDbt, type ReadyDbt } from './run.ts'

/**
 * Finds what is wrong on this machine before a token is asked for: the project always, dbt and its adapter where there
 * is one target that the run can be granted. Undefined where the grant has a say, or `install` has yet to bring dbt: a
 * run that may be denied installs nothing.
 */
export async function prepareEarly(config: Config, host: Host): Promise<ReadyDbt | undefined> {
  const project = await readProjectFile(config.projectDir, { env: host.env, workspace: host.workspace })
  if (config.commands.length > 0) await requirePackages(project, config.commands)
  const target = onlyTarget(config)
  return target && config.install === undefined ? prepareDbt(config, target, host) : undefined
}

function onlyTarget({ targets, asked }: Config): Target | undefined {
  if (asked !== undefined) return targets.get(asked)
  const [only, ...others] = targets.values()
  return others.length === 0 ? only : undefined
}
