import { realpath } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { fail } from '../errors.ts'
import { isInside, namedFrom } from '../inside.ts'
import type { Project } from './project.ts'

/**
 * Throws `project` where `dbt deps` would unpack outside of the checkout. What it unpacks is of the project's own choice:
 * elsewhere it could become the configuration of another program, as git's, and run with the rights of the step.
 */
export async function requirePackagesInside(
  { packagesPath }: Pick<Project, 'packagesPath'>,
  workspace: string,
): Promise<void> {
  const [place, root] = [await settled(packagesPath), await settled(workspace)]
  if (isInside(place, root) && !namedFrom(root, place).split('/').includes('.git')) return
  fail({
    code: 'project',
    problem: `packages-install-path leads to ${packagesPath}, which is not in the checkout.`,
    remedy: 'Name a directory of the project, as dbt_packages.',
  })
}

/** The path with the links of all that is there of it followed. */
async function settled(path: string): Promise<string> {
  const found = await realpath(path).catch(() => undefined)
  if (found !== undefined) return found
  const above = dirname(path)
  return above === path ? path : join(await settled(above), basename(path))
}
