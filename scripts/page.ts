import { Marked } from 'marked'
import { chart, charting } from './page/chart.ts'
import { escaped } from './page/escaped.ts'

/** One scene of the demo: a job summary, a denial, or lines of the audit log. */
export interface PageSection {
  readonly title: string
  /** One sentence on what is seen. */
  readonly note?: string
  readonly markdown?: string
  /** Shown as they are, one below the other; JSON is laid out over several lines. */
  readonly lines?: readonly string[]
}

/** What the page shows. */
export interface Page {
  readonly title: string
  readonly note?: string
  readonly sections: readonly PageSection[]
}

const STYLE = `
:root { color-scheme: light dark; --ink: #1f2328; --soft: #59636e; --line: #d1d9e0; --page: #f6f8fa; --card: #fff; --code: #818b981f; --stripe: #f6f8fa; --link: #0969da }
@media (prefers-color-scheme: dark) { :root { --ink: #f0f6fc; --soft: #9198a1; --line: #3d444d; --page: #010409; --card: #0d1117; --code: #656c7633; --stripe: #151b23; --link: #4493f8 } }
* { box-sizing: border-box }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.5 -apple-system, BlinkMacSystemFont, "Segoe UI", "Noto Sans", Helvetica, Arial, sans-serif, "Apple Color Emoji", "Segoe UI Emoji" }
main { max-width: 1012px; margin: 0 auto; padding: 24px 16px 64px }
header p, .note, sub { color: var(--soft) }
sub { vertical-align: baseline; font-size: 12px }
h1 { font-size: 28px; line-height: 1.25; margin: 8px 0 }
nav ul { padding-left: 20px }
article { background: var(--card); border: 1px solid var(--line); border-radius: 6px; margin: 24px 0; overflow: hidden }
article > h2 { font-size: 14px; margin: 0; padding: 12px 16px; background: var(--stripe); border-bottom: 1px solid var(--line) }
article > .note { margin: 0; padding: 12px 16px 0; font-size: 14px }
.markdown { padding: 8px 16px 16px; overflow-wrap: anywhere }
.markdown h2, .markdown h3 { line-height: 1.25; margin: 24px 0 16px; font-weight: 600 }
.markdown h2 { font-size: 24px; padding-bottom: .3em; border-bottom: 1px solid var(--line) }
.markdown h3 { font-size: 20px }
a { color: var(--link); text-decoration: none }
a:hover { text-decoration: underline }
code, pre { font: 85%/1.45 ui-monospace, SFMono-Regular, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace }
code { padding: .2em .4em; background: var(--code); border-radius: 6px; white-space: break-spaces }
pre { padding: 16px; margin: 0 0 16px; overflow: auto; background: var(--stripe); border-radius: 6px }
pre code { padding: 0; background: none; font-size: 100%; white-space: pre; overflow-wrap: normal }
.scroll { overflow-x: auto; margin-bottom: 16px }
table { border-collapse: collapse; overflow-wrap: normal }
th, td { padding: 6px 13px; border: 1px solid var(--line); text-align: left }
th[align=right], td[align=right] { text-align: right; white-space: nowrap }
th[align=center], td[align=center] { text-align: center }
tr:nth-child(2n) td { background: var(--stripe) }
thead:not(:has(th:not(:empty))) { display: none }
blockquote { margin: 0 0 16px; padding: 0 1em; color: var(--soft); border-left: .25em solid var(--line) }
details { margin: 0 0 16px }
summary { cursor: pointer }
.mermaid { background: none; padding: 0; text-align: center }
.mermaid svg { max-width: 100%; height: auto }
.lines { margin: 16px; max-height: 32em }
`

/**
 * One HTML page that needs no network and runs no script but the one that draws the charts, as GitHub shows a job summary.
 * The Markdown must come from this project's own writers, which escape what is foreign.
 */
export function summaryPage(page: Page): string {
  const script = page.sections.some(({ markdown }) => markdown?.includes('```mermaid\n'))
    ? charting()
    : undefined
  const entries = page.sections.map(
    ({ title }, at) => `<li><a href="#scene-${at}">${escaped(title)}</a></li>`,
  )
  return `<!doctype html>
<html lang="en"${script ? '' : ' data-charts="drawn"'}>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'${script ? `; script-src ${script.hash}` : ''}">
<title>${escaped(page.title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<header>
<h1>${escaped(page.title)}</h1>
${page.note === undefined ? '' : `<p>${escaped(page.note)}</p>`}
<nav><ul>${entries.join('')}</ul></nav>
</header>
${page.sections.map(article).join('\n')}
</main>
${
  script
    ? `<script>${script.text}</script>
`
    : ''
}</body>
</html>
`
}

function article({ title, note, markdown, lines }: PageSection, at: number): string {
  return [
    `<article id="scene-${at}"><h2>${escaped(title)}</h2>`,
    note === undefined ? '' : `<p class="note">${escaped(note)}</p>`,
    markdown === undefined ? '' : `<div class="markdown">${drawn(markdown)}</div>`,
    lines === undefined
      ? ''
      : `<pre class="lines"><code>${lines.map(laidOut).map(escaped).join('\n')}</code></pre>`,
    '</article>',
  ].join('\n')
}

function drawn(markdown: string): string {
  const marked = new Marked({ gfm: true, async: false }, { renderer: { code: chart } })
  const html = marked.parse(markdown, { async: false })
  // A wide table scrolls in its own box, so that the page never does.
  return html.replaceAll('<table>', '<div class="scroll"><table>').replaceAll('</table>', '</table></div>')
}

function laidOut(line: string): string {
  try {
    return JSON.stringify(JSON.parse(line), null, 2)
  } catch {
    return line
  }
}
