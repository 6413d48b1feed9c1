/// <reference lib="dom" />
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { openBrowser, type Looker } from '../../scripts/browser.ts'
import { playScenes, type Scenes } from '../../scripts/demo/scenes.ts'
import { withoutLinks } from '../../scripts/demo/told.ts'
import { summaryPage } from '../../scripts/page.ts'
import { ensureChromium } from '../../scripts/servers/chromium.ts'
import { summarise } from '../../src/report/summary.ts'
import { warehouses } from '../../src/warehouses/index.ts'
import { access, facts, node, report, result } from '../support/report.ts'

// What people see, in a real browser: job summaries as GitHub draws them, at the width of a telephone and of a desk.
const PICTURES = join(import.meta.dirname, '..', '..', '.cache', 'pictures')
const WIDTHS = [390, 1280] as const
const START = Date.parse('2026-11-24T08:26:33Z')

/** Node after node on four threads, under names that nobody has made easy. */
function large(): string {
  const nodes = Array.from({ length: 400 }, (_, at) => {
    const from = START + Math.floor(at / 4) * 9000
    const seconds = 1 + ((at * 7) % 8)
    return node({
      uniqueId: `model.shop.m${at}`,
      name:
        ['fct_orders', 'int_customers__joined_with_everything_that_there_is', 'section: x %%{', '日本語;#'][
          at % 4
        ] + String(at),
      status: at % 50 === 7 ? 'error' : 'success',
      seconds,
      thread: `Thread-${1 + (at % 4)} (worker)`,
      startedAt: new Date(from).toISOString(),
      completedAt: new Date(from + 1000 * seconds).toISOString(),
      adapterResponse: {
        rows_affected: 1_234_567 * (at + 1),
        bytes_processed: 98_765_432_100 * (at + 1),
        bytes_billed: 98_765_432_100 * (at + 1),
        slot_ms: 7_654_321 * (at + 1),
        job_id: `0a1b2c3d-4e5f-6789-abcd-ef${String(at).padStart(10, '0')}`,
        location: 'EU',
      },
    })
  })
  const bigquery = warehouses.get('bigquery')
  const bound = bigquery?.bind(bigquery.example)
  const history = (query: Readonly<Record<string, unknown>> | undefined) => bound?.history(query)
  return summarise(report(result(nodes, { exitCode: 1 }), { access: { ...access, history } }), facts)
}

let browser: Looker
let scenes: Scenes
beforeAll(async () => {
  mkdirSync(PICTURES, { recursive: true })
  browser = await openBrowser()
  scenes = await playScenes()
}, 600_000)
afterAll(async () => browser[Symbol.asyncDispose]())

const pageOf = (title: string, markdown: string): string =>
  summaryPage({ title: 'dbt-oidc', sections: [{ title, markdown: withoutLinks(markdown) }] })

/** Looks at a page and keeps a picture of it, as an artifact of the run. */
async function seen(name: string, markdown: string, width: number): Promise<Page> {
  const html = pageOf(name, markdown)
  writeFileSync(join(PICTURES, `${name}.html`), html)
  const page = await browser.look(html, width)
  await page.screenshot({ path: join(PICTURES, `${name}-${width}.png`), fullPage: true })
  return page
}

/** Everything that is wider than its place, or than the picture it is part of. */
function overflowing(page: Page): Promise<readonly string[]> {
  return page.evaluate(() => {
    const found: string[] = []
    const root = document.documentElement
    if (root.scrollWidth > root.clientWidth)
      found.push(`the page: ${root.scrollWidth} in ${root.clientWidth}`)
    for (const box of document.querySelectorAll('.scroll'))
      if (box.scrollWidth > box.clientWidth)
        found.push(`a table: ${box.scrollWidth} in ${box.clientWidth}: ${box.textContent?.slice(0, 60)}`)
    for (const chart of document.querySelectorAll('.mermaid svg')) {
      const place = chart.parentElement?.getBoundingClientRect()
      const around = chart.getBoundingClientRect()
      if (!place || around.right > place.right + 1 || around.left < place.left - 1) found.push('a chart')
      for (const part of chart.querySelectorAll(
        'rect.task, text.taskText, text[class*=taskText], text.sectionTitle',
      )) {
        const box = part.getBoundingClientRect()
        if (box.left < around.left - 1 || box.right > around.right + 1)
          found.push(`in a chart: ${part.textContent || part.id}`)
      }
    }
    return found
  })
}

describe.each(WIDTHS)('at %i pixels', (width) => {
  test.each(['granted', 'failed', 'denied'] as const)(
    'the summary of a step that was %s has no part that is wider than its place',
    async (name) => {
      expect(await overflowing(await seen(name, scenes[name], width))).toEqual([])
    },
    60_000,
  )

  test('neither has that of a large run with long names and large figures', async () => {
    const page = await seen('large', large(), width)
    expect(await overflowing(page)).toEqual([])
    expect(await page.locator('.mermaid rect.task').count()).toBe(32)
  }, 60_000)
})

test('the chart of a failed run has a bar for each node that ran, and a red one for each that failed', async () => {
  const page = await seen('failed', scenes.failed, 1280)
  const bars = scenes.failed.split('```mermaid\n')[1]?.split('\n```')[0]?.match(/ :/g)?.length ?? 0
  expect(bars).toBeGreaterThan(5)
  expect(await page.locator('.mermaid rect.task').count()).toBe(bars)
  expect(await page.locator('.mermaid rect[class*=crit]').count()).toBe(2)
  const fill = await page
    .locator('.mermaid rect[class*=crit]')
    .first()
    .evaluate((bar) => getComputedStyle(bar).fill)
  expect(fill).toBe('rgb(255, 0, 0)')
}, 60_000)

test('the summary of a failed run says first what failed, where, and in which words', async () => {
  const page = await seen('failed', scenes.failed, 390)
  const text = await page.locator('.markdown').innerText()
  const order = [
    'dbt failed on prod',
    'Failures',
    'model customers',
    'models/marts/customers.sql:4',
    'kountry',
    'every_order_was_paid',
    'Built',
    'Tests',
    'Snapshots',
    'Timeline',
    'Access',
  ]
  const places = order.map((words) => text.indexOf(words))
  expect(places).not.toContain(-1)
  expect(places).toEqual(places.toSorted((a, b) => a - b))
}, 60_000)

test('Debian brings a browser where the machine has none', async () => {
  const { path } = await ensureChromium({ system: false })
  expect(path).toMatch(/chromium-headless-shell$/)
})
