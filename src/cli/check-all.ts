import { matrix, unreached } from '../check/matrix.ts'
import type { Config } from '../config.ts'
import type { Sources } from '../config/sources.ts'
import { repositoryOf } from './check.ts'
import { printMatrix } from './check-matrix.ts'
import { survey, type Surveying } from './survey.ts'
import { chosen } from './targets.ts'

/** Prints which runs of the repository reach which target. */
export async function checkAll(config: Config, sources: Sources, asking: Surveying): Promise<void> {
  const targets = chosen(config, asking.target).map(({ name }) => name)
  const repository = asking.repository ?? repositoryOf(config, sources)
  const ground = await survey(config, sources, repository, asking)
  const rows = matrix(config.grants, targets, ground)
  const candidates = config.grants.filter(({ target }) => targets.includes(target))
  printMatrix(
    {
      ground,
      targets,
      grants: config.grants,
      rows,
      unreached: unreached(candidates, rows),
      elsewhere: config.elsewhere.filter(({ target }) => targets.includes(target)),
    },
    asking.json === true,
  )
}
