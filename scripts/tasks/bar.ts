// Measures what the action must bear, in volume and under load, and fails where a figure of the bar is missed.
import { volumes } from '../bar/volume.ts'
import { task } from '../task.ts'

await task(async () => {
  const figures = await volumes((line) => console.log(line))
  console.log('\n| what | measured | bar | |\n|---|---|---|---|')
  for (const { name, measured, bar, met } of figures)
    console.log(`| ${name} | ${measured} | ${bar} | ${met ? '✓' : '✗'} |`)
  const missed = figures.filter(({ met }) => !met).length
  console.log(`\nbar: ${figures.length - missed} passed, ${missed} failed`)
  return missed === 0 ? 0 : 1
})
