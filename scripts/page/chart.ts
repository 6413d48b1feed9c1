import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { escaped } from './escaped.ts'

// As GitHub draws them: nothing in a chart may be a link or a script.
const START = `
const dark = matchMedia('(prefers-color-scheme: dark)').matches
mermaid.initialize({ startOnLoad: false, securityLevel: 'strict', theme: dark ? 'dark' : 'default' })
const drawn = (how) => () => { document.documentElement.dataset.charts = how }
mermaid.run().then(drawn('drawn'), drawn('broken'))
`

/** The script that draws the charts of a page, and the only one that may run there. */
export function charting(): { readonly text: string; readonly hash: string } {
  const library = readFileSync(fileURLToPath(import.meta.resolve('@mermaid-js/tiny')), 'utf8')
  // What ends the element would be found anywhere in it, also inside of a text.
  const text = `${library}\n;${START}`.replaceAll(/<(?=\/script|!--)/gi, '\\x3c')
  return { text, hash: `'sha256-${createHash('sha256').update(text).digest('base64')}'` }
}

/** A block of Mermaid as the place of its chart; `false` leaves any other block to the reader of Markdown. */
export function chart({
  text,
  lang,
}: {
  readonly text: string
  readonly lang?: string | undefined
}): string | false {
  return lang === 'mermaid' ? `<pre class="mermaid">${escaped(text)}</pre>\n` : false
}
