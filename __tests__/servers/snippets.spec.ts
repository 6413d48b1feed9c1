import { describe, expect, test } from '@jest/globals'
import { lintText } from '../../scripts/workflows.ts'
import { PAGES, snippetsOf, type Snippet } from '../support/pages.ts'
import { dialectOf, judged, statementsOf, terraformOf } from '../support/trust/judges.ts'

// What people copy from the pages, as parsers of others read it.
const all = PAGES.flatMap(snippetsOf)
const of = (language: string): readonly Snippet[] => all.filter((one) => one.language === language)
const place = ({ page, line }: Snippet): string => `${page}:${line}`

/** What a shell may say of a line that is read and not run. */
const ALLOWED = [
  /^SC2148/, // no interpreter is named: a page shows lines and no script
  /^SC2154/, // a variable that an earlier document has set
  /^SC2034/, // one that a later document reads
]

/** In which dialect a page speaks. */
function dialect({ page }: Snippet): string {
  const [, warehouse] = /^docs\/warehouses\/(.*)\.md$/.exec(page) ?? []
  return warehouse === undefined ? 'snowflake' : dialectOf(warehouse)
}

describe('what people copy from the pages', () => {
  test('is shell in which shellcheck finds nothing', () => {
    const snippets = of('sh')
    expect(snippets.length).toBeGreaterThan(50)
    const texts = snippets.map(({ text }) => ({ kind: 'sh' as const, text: text.replaceAll('<sha>', 'sha') }))
    const found = judged(texts).map((findings) =>
      findings.map(String).filter((one) => !ALLOWED.some((allowed) => allowed.test(one))),
    )
    const odd = snippets.flatMap((one, at) => (found[at] ?? []).map((finding) => `${place(one)} ${finding}`))
    expect(odd).toEqual([])
  })

  test('is SQL in the dialect of its warehouse', () => {
    const snippets = of('sql')
    expect(snippets.length).toBeGreaterThan(10)
    const read = statementsOf(snippets.map((one) => ({ dialect: dialect(one), text: one.text })))
    const empty = snippets.filter((_one, at) => (read[at] ?? []).length === 0)
    expect(empty.map(place)).toEqual([])
  })

  test('is Terraform as its own parser reads it', () => {
    const snippets = of('hcl')
    const read = snippets.length === 0 ? [] : terraformOf(snippets.map(({ text }) => text))
    expect(read.filter(({ blocks }) => blocks.length === 0)).toEqual([])
  })

  test('is a workflow in which actionlint, with shellcheck, finds nothing', async () => {
    const workflows = of('yaml').filter(({ text }) => /^jobs:/m.test(text) && /^on:/m.test(text))
    expect(workflows.length).toBeGreaterThan(30)
    const odd: string[] = []
    for (const one of workflows) {
      const said = await lintText(`${one.text}\n`)
      if (said !== '') odd.push(`${place(one)} ${said}`)
    }
    expect(odd).toEqual([])
  })
})
