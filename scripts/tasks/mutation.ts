// Breaks token, policy, profile, filter ... one mutant at a time and counts which their tests notice. Arguments name groups or files.
import { setPriority } from 'node:os'
import { BAR, GROUPS, type Group } from '../mutation/groups.ts'
import { keep, scoreOf, type Score } from '../mutation/record.ts'
import { mutate, type Mutant } from '../mutation/stryker.ts'
import { task } from '../task.ts'

await task(async () => {
  const names = process.argv.slice(2)
  const files = names.filter((name) => name.startsWith('src/'))
  const groups = GROUPS.filter(({ name }) => names.length === files.length || names.includes(name))
    .map((group) => narrowed(group, files))
    .filter(({ parts }) => parts.length > 0)
  if (groups.length === 0) throw new Error(`Which group? ${GROUPS.map(({ name }) => name).join(', ')}.`)
  // It takes an hour and more, and whoever works beside it goes first.
  setPriority(10)
  let missed = 0
  for (const group of groups) {
    const mutants: Mutant[] = []
    for (const part of group.parts) {
      const at = GROUPS.find(({ name }) => name === group.name)?.parts.findIndex(
        ({ tests }) => tests === part.tests,
      )
      mutants.push(...(await mutate(`${group.name.replaceAll(' ', '-')}-${at}`, part)))
    }
    const score = scoreOf(group, mutants)
    // Of a few files the figures are nobody's but theirs who asked.
    if (files.length === 0) keep(group, { mutation: score })
    tell(group, score)
    if (score.score < BAR.score) missed += 1
  }
  return missed === 0 ? 0 : 1
})

/** The group with these of its files alone; `src/token/gate.ts:10-20` is a few lines of one. */
function narrowed(group: Group, files: readonly string[]): Group {
  if (files.length === 0) return group
  const parts = group.parts.map(({ sources, tests }) => ({
    sources: files.filter((file) => sources.includes(file.replace(/:.*/, ''))),
    tests,
  }))
  return { ...group, parts: parts.filter(({ sources }) => sources.length > 0) }
}

function tell({ name }: Group, { killed, timeout, survived, noCoverage, score, survivors }: Score): void {
  for (const { file, line, mutator, was, now, why } of survivors)
    console.log(`${file}:${line} ${mutator}: ${was} → ${now}${why === '' ? '' : ` (${why})`}`)
  const met = score >= BAR.score
  console.log(
    `${met ? '✓' : '✗'} ${name}: ${score} % (${killed} killed, ${timeout} without end, ${survived} survived, ${noCoverage} never run)`,
  )
}
