import { chromium, type Page } from 'playwright-core'
import { ensureChromium } from './servers/chromium.ts'

/** A browser that looks at pages of this machine and reaches nothing else. */
export interface Looker extends AsyncDisposable {
  /** The page at a width, once its charts are drawn. */
  look(html: string, width: number, scale?: number): Promise<Page>
}

/** Starts the browser. */
export async function openBrowser(): Promise<Looker> {
  const { path, env } = await ensureChromium()
  const browser = await chromium.launch({ executablePath: path, env })
  return {
    async look(html, width, scale = 2) {
      const context = await browser.newContext({
        viewport: { width, height: 844 },
        deviceScaleFactor: scale,
        offline: true,
      })
      const page = await context.newPage()
      await page.setContent(html)
      await page.waitForSelector('html[data-charts=drawn]')
      return page
    },
    [Symbol.asyncDispose]: () => browser.close(),
  }
}
