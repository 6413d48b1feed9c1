// Counts which lines and branches of token, policy, profile, filter ... their fast tests run through. Arguments name groups.
import { cover } from '../mutation/coverage.ts'
import { BAR, GROUPS } from '../mutation/groups.ts'
import { coverageFigures, keep } from '../mutation/record.ts'
import { task } from '../task.ts'

await task(async () => {
  const names = process.argv.slice(2)
  const groups = GROUPS.filter(({ name }) => names.length === 0 || names.includes(name))
  if (groups.length === 0) throw new Error(`Which group? ${GROUPS.map(({ name }) => name).join(', ')}.`)
  let missed = 0
  for (const group of groups) {
    const coverage = await cover(group)
    keep(group, { coverage: coverageFigures(group, coverage) })
    const met = coverage.lines >= BAR.coverage && coverage.branches >= BAR.coverage
    if (!met) missed += 1
    console.log(
      `${met ? '✓' : '✗'} ${group.name}: ${coverage.lines} % of lines, ${coverage.branches} % of branches`,
    )
    for (const { file, lines, branches } of coverage.files)
      if (lines < 100 || branches < 100) console.log(`    ${file}: ${lines} %, ${branches} %`)
  }
  return missed === 0 ? 0 : 1
})
