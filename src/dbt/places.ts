import { lstat, realpath } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fail } from '../errors.ts'
import { isInside, namedFrom } from '../inside.ts'
import type { Project } from './project.ts'

/** Where a project may have dbt write. */
export interface Room {
  /** The checkout. */
  readonly workspace: string
  /** The runner's directory for what is temporary. */
  readonly temp: string
}

/**
 * Throws `project` where dbt would write outside of the checkout. What it writes is of the project's own choice (packages,
 * and all that `docs generate` copies to the artifacts): elsewhere it could become the configuration of another program,
 * as git's, and run with the rights of the step. Artifacts and logs may go to a temporary directory as well, since a
 * checkout can be read-only.
 */
export async function requireOwnPlaces(
  project: Pick<Project, 'packagesPath' | 'targetPath' | 'logPath'>,
  { workspace, temp }: Room,
): Promise<void> {
  const root = (await settled(workspace)) ?? workspace
  const temporary = (await Promise.all([temp, tmpdir()].map(settled))).filter((one) => one !== undefined)
  const places = [
    ['packages-install-path', project.packagesPath, [], 'dbt_packages'],
    ['target-path', project.targetPath, temporary, 'target'],
    ['log-path', project.logPath, temporary, 'logs'],
  ] as const
  for (const [key, path, others, usual] of places) {
    const place = await settled(path)
    if (place !== undefined && (isOwn(place, root) || isOutOfTheWay(place, others, root))) continue
    fail({
      code: 'project',
      problem: `${key} leads to ${path}, which is not in the checkout${others.length === 0 ? '' : ', nor in a temporary directory'}.`,
      remedy: `Name a directory of the project, as ${usual}.`,
    })
  }
}

function isOwn(place: string, root: string): boolean {
  return isInside(place, root) && !namedFrom(root, place).split('/').includes('.git')
}

/** What the runner (`_temp`, `_actions`), this action and whoever has a home there keep in a temporary directory. */
const isTaken = (name: string): boolean => /^(?:[._]|dbt-oidc)/.test(name)

function isOutOfTheWay(place: string, temporary: readonly string[], root: string): boolean {
  if (isInside(place, root)) return false
  // Whoever writes over a directory writes into it.
  if ([root, ...temporary].some((taken) => taken === place || isInside(taken, place))) return false
  return temporary.some((one) => isInside(place, one) && !namedFrom(one, place).split('/').some(isTaken))
}

/** The path with the links of all that is there of it followed; undefined where one leads to what may yet come to be there. */
async function settled(path: string): Promise<string | undefined> {
  const found = await realpath(path).catch(() => undefined)
  if (found !== undefined) return found
  if (await lstat(path).catch(() => undefined)) return undefined
  const above = dirname(path)
  if (above === path) return path
  const place = await settled(above)
  return place && join(place, basename(path))
}
