import { cover } from '../mutation/coverage.ts'
import { BAR, GROUPS, type Group } from '../mutation/groups.ts'
import { recordOf, type Score } from '../mutation/record.ts'
import { digestOf } from '../mutation/sources.ts'
import type { Part, Row } from './row.ts'

/** Of the modules in which a fault lets somebody in or a secret out: how many changes their tests notice. */
export function mutationRow(): Row {
  return {
    name: 'mutation score',
    required: `at least ${BAR.score} %, the survivors listed, each with its reason`,
    parts: GROUPS.map((group) =>
      mutationOf(group.name, recordOf(group).mutation, digestOf(group), BAR.score),
    ),
  }
}

/** Of the same modules: what their fast tests run through. */
export async function coverageRow(): Promise<Row> {
  const parts: Part[] = []
  for (const group of GROUPS) parts.push(await coverageOf(group))
  return { name: 'coverage', required: `at least ${BAR.coverage} % of lines and of branches`, parts }
}

/** The figures of the last run, since a run takes an hour; those of other sources hold nothing. */
export function mutationOf(name: string, score: Score | undefined, digest: string, least: number): Part {
  if (!score) return { what: name, measured: 'never measured', met: false }
  const { killed, timeout, survived, noCoverage, survivors } = score
  const all = killed + timeout + survived + noCoverage
  const unread = survivors.filter(({ why }) => why === '').length
  const current = score.sources === digest
  const measured = [
    `${score.score} % of ${all}`,
    ...(unread > 0 ? [`${unread} survivors without a reason`] : []),
    ...(current ? [] : ['its sources have changed since']),
  ]
  return { what: name, measured: measured.join(', '), met: current && unread === 0 && score.score >= least }
}

async function coverageOf(group: Group): Promise<Part> {
  const { lines, branches } = await cover(group)
  return {
    what: group.name,
    measured: `${lines} % of lines, ${branches} % of branches`,
    met: lines >= BAR.coverage && branches >= BAR.coverage,
  }
}
