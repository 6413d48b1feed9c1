import type { Config } from '../config.ts'
import type { Target } from '../config/target.ts'
import type { Host } from '../host.ts'
import { dbtEnvironment } from './environment.ts'
import { requirePackages } from './packages.ts'
import { readProjectFile } from './project.ts'
import { prepareDbt, requireEarlier, type ReadyDbt } from './run.ts'

/**
 * Finds what is wrong on this machine before a token is asked for: the project always, dbt and its adapter where there
 * is one target that the run can be granted. Undefined where the grant has a say, or `install` has yet to bring dbt: a
 * run that may be denied installs nothing.
 */
export async function prepareEarly(config: Config, host: Host): Promise<ReadyDbt | undefined> {
  const project = await readProjectFile(config.projectDir, {
    env: seenByDbt(config, host),
    workspace: host.workspace,
  })
  if (config.commands.length > 0) {
    await requirePackages(project, config.commands)
    await requireEarlier(config, project, host)
  }
  const target = onlyTarget(config)
  return target && config.install === undefined ? prepareDbt(config, target, host) : undefined
}

function onlyTarget({ targets, asked }: Config): Target | undefined {
  if (asked !== undefined) return targets.get(asked)
  const [only, ...others] = targets.values()
  return others.length === 0 ? only : undefined
}

/** As for the run itself: with more than dbt sees, an expression in the project could have a secret printed. */
function seenByDbt(
  { asked = '', env: names, projectDir }: Config,
  host: Host,
): Readonly<Record<string, string>> {
  const { env, workspace, temp: nowhere } = host
  return dbtEnvironment({
    env,
    names,
    steering: { target: asked, projectDir },
    workspace,
    nowhere,
    carried: {},
  }).env
}
