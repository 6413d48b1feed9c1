// Photographs a summary and a denial for the docs, from what real steps with a real dbt have just written.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { openBrowser } from '../browser.ts'
import { playScenes } from '../demo/scenes.ts'
import { withoutLinks } from '../demo/told.ts'
import { summaryPage } from '../page.ts'
import { task } from '../task.ts'

const DIRECTORY = join(import.meta.dirname, '..', '..', 'docs', 'pictures')

await task(async () => {
  const scenes = await playScenes()
  mkdirSync(DIRECTORY, { recursive: true })
  await using browser = await openBrowser()
  const pictures = { summary: scenes.failed, denial: scenes.denied }
  for (const [name, markdown] of Object.entries(pictures)) {
    const html = summaryPage({
      title: name,
      sections: [{ title: 'Job summary', markdown: withoutLinks(markdown) }],
    })
    const page = await browser.look(html, 900, 1)
    await page.locator('article').screenshot({ path: join(DIRECTORY, `${name}.png`) })
    console.log(`docs/pictures/${name}.png`)
  }
  return 0
})
