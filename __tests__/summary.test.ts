import { describe, expect, test } from '@jest/globals'
import { createHash } from 'node:crypto'
import * as fc from 'fast-check'
import { marked, type Token, type Tokens } from 'marked'
import { summaryPage } from '../scripts/page.ts'
import type { NodeResult } from '../src/dbt/result.ts'
import { duration } from '../src/report/duration.ts'
import { fileUrl, repositoryPath } from '../src/report/links.ts'
import { code, codeBlock, link, row, text } from '../src/report/markdown.ts'
import { clip, oneLine, plain } from '../src/report/plain.ts'
import { summarise, summariseDenial, summariseFailure } from '../src/report/summary.ts'
import { bar, squares } from '../src/report/tables.ts'
import { access, artifacts, decision, facts, line, node, nodes, report, result } from './support/report.ts'
import { runs } from './support/runs.ts'

const ESC = '\u001b'
const bytes = (markdown: string): number => Buffer.from(markdown, 'utf8').length
const html = (markdown: string): string => marked.parse(markdown, { async: false, gfm: true })
const shown = (markup: string): string =>
  markup
    .replace(/<[^>]*>/g, '')
    .replace(/&#(\d+);/g, (_, n: string) => String.fromCodePoint(Number(n)))
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&')
    .replaceAll('\u200b', '')
    .trim()
const tags = (markup: string): string[] => markup.match(/<\/?[a-z][^>]*>/gi) ?? []

const marks = [
  ...Array.from('|`*_~[](){}<>&#@!:;=+-.\\/$^"\'?%0123aZ \t\n\r'),
  '</code>',
  '<script>',
  '-->',
  '```',
  '~~~',
  '&amp;',
  '&#124;',
  '](http://x)',
  'www.x.io',
  'https://x.io',
  'a@b.io',
  '\u2028',
  '\u0085',
  `${ESC}[31m`,
  '\ud83d',
  '😀',
  '---',
  '1.',
]
const hostile = fc
  .array(fc.oneof(fc.constantFrom(...marks), fc.string({ unit: 'binary' })), { maxLength: 12 })
  .map((parts) => parts.join(''))
const isTable = (token: Token): token is Tokens.Table => token.type === 'table'
const isCode = (token: Token): token is Tokens.Code => token.type === 'code'
const withoutZeroWidth = (value: string): string => value.replaceAll('\u200b', '')

describe('foreign text in Markdown', () => {
  test('keeps the number of columns and rows of a table, whatever it is', () => {
    fc.assert(
      fc.property(hostile, hostile, (one, two) => {
        const markdown = `${row(['a', 'b', 'c'])}\n| - | - | - |\n${row([text(one), code(two), link(code(one), 'https://x.io/y')])}\n${row(['x', 'y', 'z'])}\n`
        const tokens = marked.lexer(markdown)
        expect(tokens).toHaveLength(1)
        expect(tokens.find(isTable)?.rows.map((cells) => cells.length)).toEqual([3, 3])
        expect(
          markdown
            .split('\n')
            .slice(2, 4)
            .map((cells) => cells.split('|').length),
        ).toEqual([5, 5])
      }),
      { numRuns: runs(2000) },
    )
  })

  test.each([
    ['a paragraph', (value: string) => text(value), ['<p>', '</p>']],
    ['a heading', (value: string) => `## ${text(value)}`, ['<h2>', '</h2>']],
    ['a list item', (value: string) => `- x ${text(value)}`, ['<ul>', '<li>', '</li>', '</ul>']],
    ['code type', (value: string) => `x ${code(value)}`, ['<p>', '<code>', '</code>', '</p>']],
    [
      'a link',
      (value: string) => link(`x${text(value)}`, 'https://x.io/y'),
      ['<p>', '<a href="https://x.io/y">', '</a>', '</p>'],
    ],
  ])('is read as the text that it is, in %s', (_, write, around) => {
    fc.assert(
      fc.property(hostile, (value) => {
        const line = withoutZeroWidth(oneLine(value))
        fc.pre(line !== '')
        const markup = html(write(value))
        expect(tags(markup)).toEqual(around)
        expect(shown(markup).replace(/^x ?/, '')).toBe(line.replace(/^x ?/, '').trim())
      }),
      { numRuns: runs(2000) },
    )
  })

  test('cannot end its code block, and is in there unchanged but for control characters', () => {
    fc.assert(
      fc.property(hostile, (value) => {
        const tokens = marked.lexer(`before\n\n${codeBlock(value)}\n\nafter\n`)
        expect(tokens.filter(({ type }) => type !== 'space').map(({ type }) => type)).toEqual([
          'paragraph',
          'code',
          'paragraph',
        ])
        const block = tokens.find(isCode)
        // The reader used here miscounts the lines of a block of blank lines.
        expect(block?.text.trimEnd()).toBe(plain(value).trimEnd())
      }),
      { numRuns: runs(2000) },
    )
  })

  test.each([
    ['a mention', 'thanks @octocat', 'thanks &#64;&#8203;octocat'],
    ['a reference', 'see #12', 'see &#35;&#8203;12'],
    ['a tag', '<img src=x onerror=y>', '&lt;img src=x onerror=y&gt;'],
    ['a pipe', 'a|b', 'a&#124;b'],
    ['a line break', 'a\r\nb\u2028c', 'a b c'],
    ['an address', 'https://evil.example www.evil.example', 'https&#58;//evil.example www&#46;evil.example'],
    ['a terminal sequence', `${ESC}[31mred${ESC}[0m ${ESC}]8;;http://x${ESC}\\link`, 'red link'],
    ['a reversed reading order', 'a\u202eb\u2066c', 'abc'],
    ['underscores inside a word, which stay readable', 'stg_orders__v2 _x_', 'stg_orders__v2 &#95;x&#95;'],
  ])('is harmless as %s', (_, value, expected) => {
    expect(text(value)).toBe(expected)
  })

  test('is cut between characters and never inside one', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 20 }), (value, max) => {
        const cut = clip(value.toWellFormed(), max)
        expect(cut.isWellFormed()).toBe(true)
        expect(cut.length).toBeLessThanOrEqual(max)
        expect(value.toWellFormed().startsWith(cut.replace(/…$/, '')) || cut === value).toBe(true)
      }),
      { numRuns: runs(1000) },
    )
  })
})

describe('a link to a file', () => {
  const base = `https://github.com/acme/dbt/blob/${facts.sha}/warehouse/shop/`
  test.each([
    ['a model', 'models/a.sql', `${base}models/a.sql`],
    ['Windows separators', 'models\\a.sql', `${base}models/a.sql`],
    ['odd characters', 'models/a b(1)#?%"`<.sql', `${base}models/a%20b%281%29%23%3F%25%22%60%3C.sql`],
    ['a step up', '../../evil/repo/blob/main/x.sql', undefined],
    ['a step up in the middle', 'models/../../../../x.sql', undefined],
    ['an absolute path', '/etc/passwd', undefined],
    ['a drive', 'C:\\x.sql', undefined],
    ['nothing', ' ', undefined],
    ['no file', null, undefined],
  ])('points at this commit or nowhere: %s', (_, file, expected) => {
    expect(fileUrl(facts, file)).toBe(expected)
  })

  test('of a project in the root of the repository has no empty segment', () => {
    expect(repositoryPath({ ...facts, projectPath: '' }, 'models/a.sql')).toBe('models/a.sql')
  })

  test('is left out when the server is no plain origin', () => {
    expect(fileUrl({ ...facts, serverUrl: 'javascript:alert(1)' }, 'models/a.sql')).toBeUndefined()
  })
})

describe('the summary of a run', () => {
  const failing = summarise(
    report(result(nodes, { exitCode: 1 }), { warnings: ['The credential ends soon.'] }),
    facts,
  )

  test('says result, target and duration in its headline, and what became of the nodes right below', () => {
    expect(failing.split('\n').slice(0, 5)).toEqual([
      '## ❌ dbt failed on <code>prod</code> after 6.8 s',
      '',
      '🟥🟥🟨⬜🟩🟩',
      '',
      '**2** failed · **1** warned · **1** skipped · **2** passed · 6 nodes in all',
    ])
    expect(summarise(report(result([node()])), facts)).toMatch(
      /^## ✅ dbt succeeded on <code>prod<\/code> in 6\.8 s\n/,
    )
  })

  test('puts failures first, then what was built and tested, the timeline, the slowest, the access and the warnings', () => {
    expect(failing.match(/^### .*/gm)).toEqual([
      '### Failures',
      '### Built',
      '### Tests',
      '### Timeline',
      '### Slowest',
      '### Access',
      '### Warnings',
    ])
  })

  test('shows each failure with its message, its file at this commit, and the telling line of the message', () => {
    const at = failing.indexOf('**model <code>broken</code>**')
    expect(failing.slice(at, failing.indexOf('</details>', at))).toBe(
      `**model <code>broken</code>** · [<code>warehouse/shop/models/broken.sql</code>](https://github.com/acme/dbt/blob/${facts.sha}/warehouse/shop/models/broken.sql) · 0.09 s\n\n` +
        '<details open><summary>Binder Error: Referenced column "no_such_column" not found in FROM clause!</summary>\n\n' +
        '```text\nRuntime Error in model broken (models/broken.sql)\n  Binder Error: Referenced column "no_such_column" not found in FROM clause!\n  Candidate bindings: "amount"\n```\n\n',
    )
  })

  test('links to the line that the warehouse complained of', () => {
    const markdown = summarise(report(result([node({ status: 'error', line: 12 })])), facts)
    expect(markdown).toContain(
      `[<code>warehouse/shop/models/stg_orders.sql:12</code>](https://github.com/acme/dbt/blob/${facts.sha}/warehouse/shop/models/stg_orders.sql#L12)`,
    )
  })

  test('names broken models before failed tests', () => {
    expect(failing.indexOf('model <code>broken')).toBeLessThan(
      failing.indexOf('unit test <code>totals_add_up'),
    )
  })

  test('shows no terminal colours of dbt', () => {
    expect(failing).toContain('actual differs from expected:\n\n@@,customer,total\n→ ,a       ,4→3\n')
    expect(failing).not.toContain(ESC)
  })

  test('says who the run was, by which grant, and until when', () => {
    for (const cell of [
      'Grant | <code>nightly</code>',
      'Target | <code>prod</code>',
      'Warehouse | snowflake',
      'Writes | PROD_DB.ANALYTICS as TRANSFORMER',
      'Identity | <code>repo:acme/dbt:environment:production</code>, through <code>direct</code>',
      'Expires | 2026-11-24 09:26:18 UTC',
    ])
      expect(failing.replaceAll('<wbr>', '')).toContain(`| ${cell} |\n`)
  })

  test.each([
    [{ via: 'none', expiresAt: null }, 'Expires | there is no credential'],
    [{ via: 'okta', expiresAt: null }, 'Expires | nobody tells'],
  ])('does not invent an expiry: %j', (over, cell) => {
    expect(summarise(report(result(nodes), { access: { ...access, ...over } }), facts)).toContain(
      `| ${cell} |\n`,
    )
  })

  test('explains a command that never came to a node', () => {
    const markdown = summarise(
      report(result([], { exitCode: 2, artifacts: null, command: 'dbt run' })),
      facts,
    )
    expect(markdown).toContain(
      '❌ <code>dbt run</code> ended with exit code 2 and dbt reported no failed node',
    )
    expect(markdown).toContain('No node was run.')
    expect(summarise(report(result([], { exitCode: undefined, signal: 'SIGKILL' })), facts)).toContain(
      'was ended by SIGKILL',
    )
  })

  test('lists the commands when there were several, with the one that failed', () => {
    const lines = [
      line([], { command: 'dbt deps', seconds: 2 }),
      line([node({ status: 'error' })], { exitCode: 1, seconds: 70 }),
    ]
    const markdown = summarise(report({ lines, ok: false }), facts)
    expect(markdown).toContain(
      '| ✅ | <code>dbt deps</code> | 2.0 s |  |\n| ❌ | <code>dbt build</code> | 1 min 10 s | ended with exit code 1 |',
    )
    expect(markdown).toContain('after 1 min 12 s')
  })

  test('shows at most the ten slowest, longest first, with a bar in proportion', () => {
    const many = Array.from({ length: 30 }, (_, at) =>
      node({ name: `m${at}`, uniqueId: `model.shop.m${at}`, seconds: at }),
    )
    const markdown = summarise(report(result(many)), facts)
    const slow = markdown.slice(markdown.indexOf('### Slowest'), markdown.indexOf('### Access'))
    expect(slow.match(/<code>m\d+/g)).toEqual(
      ['29', '28', '27', '26', '25', '24', '23', '22', '21', '20'].map((n) => `<code>m${n}`),
    )
    expect([bar(1), bar(0.5), bar(0.52), bar(0)]).toEqual(['█'.repeat(8), '█'.repeat(4), '████▏', '▏'])
  })

  test('keeps every kind of ending visible in the row of squares', () => {
    const row = squares([...Array.from({ length: 5000 }, () => node()), node({ status: 'error' })])
    expect(Array.from(row).filter((square) => square === '🟥')).toHaveLength(1)
    expect(Array.from(row).length).toBeLessThan(30)
  })

  test('draws names and messages from the repository as text', () => {
    const evil = '</code></details>|<img src=x>\n# @octocat ```'
    const markdown = summarise(
      report(
        result(
          [
            node({ name: evil, status: 'error', message: evil, resourceType: evil, file: evil }),
            node({ name: evil, status: evil, uniqueId: 'b', seconds: 9 }),
          ],
          { exitCode: 1, command: evil },
        ),
        {
          warnings: [evil],
          access: { ...access, identity: evil, writes: evil, target: evil, warehouse: evil },
        },
      ),
      { ...facts, ref: evil, workflow: evil, job: evil, actor: evil },
    )
    const markup = html(markdown)
    expect(markup).not.toMatch(/<img/)
    expect(markup.match(/<details/g)?.length).toBe(markup.match(/<\/details>/g)?.length)
    expect(markup.match(/<code/g)?.length).toBe(markup.match(/<\/code>/g)?.length)
    expect(markdown.replace(/```+text[\s\S]*?\n```+\n/g, '')).not.toContain('@octocat')
  })
})

describe('the summary of a run that had nothing to run', () => {
  test('says that later steps have dbt', () => {
    const markdown = summarise(report(undefined), facts)
    expect(markdown).toMatch(/^## 🔑 Later steps of this job may use dbt on <code>prod<\/code>\n/)
    expect(markdown).toContain('| Identity |')
  })

  test.each(['claims', 'grant', 'exchange', 'profile'] as const)('says that it stopped after %s', (until) => {
    const markdown = summarise({ ...report(undefined), access: undefined, decision: undefined }, facts, {
      until,
      found: 'THE DECISION',
    })
    expect(markdown).toMatch(new RegExp(`^## 🔎 Stopped after ${until}, as asked\n`))
    expect(markdown).toContain('THE DECISION')
    expect(markdown).not.toContain('### Access')
  })

  test('tells the warnings of the decision once', () => {
    const warned = report(undefined, { decision: { ...decision, warnings: ['two grants overlap'] } })
    expect(summarise(warned, facts)).toContain('two grants overlap')
    expect(summarise(warned, facts, { found: 'table' })).not.toContain('two grants overlap')
  })
})

describe('the summary of a refusal', () => {
  test('shows the table of the decision', () => {
    const markdown = summariseDenial('| claim |\n| - |\n| ref |\n', facts)
    expect(markdown).toMatch(/^## ⛔ No grant for this run\n/)
    expect(markdown).toContain('\n\n| claim |\n| - |\n| ref |\n')
  })

  test('stays below the limit and says that something is missing', () => {
    const markdown = summariseDenial('| 😀 |\n'.repeat(200_000), facts)
    expect(bytes(markdown)).toBeLessThanOrEqual(1_000_000)
    expect(bytes(markdown)).toBeGreaterThan(990_000)
    expect(markdown).toContain(
      "> ✂️ Left out to stay below GitHub's limit for a summary: the rest of the checks.",
    )
    expect(markdown.trimEnd().endsWith('| 😀 |')).toBe(true)
  })

  test('of a failure before dbt gives problem, details and remedy, with YAML kept as YAML', () => {
    const markdown = summariseFailure(
      {
        code: 'configuration',
        problem: 'Nothing restricts this run.',
        remedy: 'Add one of these:\nref: refs/heads/main',
        details: ['<b>', '```'],
      },
      facts,
    )
    expect(markdown).toMatch(/^## ❌ This run failed: <code>configuration<\/code>\n/)
    expect(markdown).toContain('\n\nNothing restricts this run.\n\n````text\n<b>\n```\n````\n')
    expect(markdown).toContain('**What to do:** Add one of these:\n\n```yaml\nref: refs/heads/main\n```\n')
  })
})

test('a failure keeps in code type what can be pasted, and only there a name calls nobody by itself', () => {
  const remedy = 'Run `npx github:acme/a_b#1 trust` for @you, as #2 says; `<b>` and ` stay text.'
  expect(summariseFailure({ code: 'exchange', problem: 'No.', remedy }, facts)).toContain(
    '**What to do:** Run <code>npx github:acme/a_b&#35;1 trust</code> for &#64;&#8203;you, as &#35;&#8203;2 says; ' +
      '<code>&lt;b&gt;</code> and &#96; stay text.\n',
  )
})

const big = (length: number, message: string, status = 'error'): NodeResult[] =>
  Array.from({ length }, (_, at) =>
    node({ uniqueId: `model.shop.m${at}`, name: `m${at}`, status, message, seconds: 1 + at }),
  )
const sections = (markdown: string): string[] => markdown.match(/^### .*|<details><summary>All/gm) ?? []

describe('a summary that would be too long', () => {
  test('of 50,000 failures stays below the limit, shows as many as fit and counts the others', () => {
    const markdown = summarise(
      report(result(big(50_000, `Database Error\n  ${'😀'.repeat(3000)}`), { exitCode: 1 })),
      facts,
    )
    expect(bytes(markdown)).toBeLessThanOrEqual(1_000_000)
    expect(markdown.isWellFormed()).toBe(true)
    const told = markdown.match(/^(?:- )?❌ \*\*/gm)?.length ?? 0
    expect(told).toBeGreaterThan(500)
    expect(markdown).toContain(`${(50_000 - told).toLocaleString('en-US')} of 50,000 failures`)
    expect(markdown).toContain('| Identity |')
  }, 20_000)

  test('of 50,000 good nodes needs no cut', () => {
    const markdown = summarise(report(result(big(50_000, 'OK', 'success'))), facts)
    expect(bytes(markdown)).toBeLessThan(100_000)
    expect(markdown).toContain('The first 200 of 50,000 nodes')
    expect(markdown).not.toContain('✂️')
  }, 20_000)

  test('loses the list of nodes first, then the timeline, the slowest, the counts and the warnings, and failures last', () => {
    const all = [...big(40, 'Database Error\n  no'), node({ uniqueId: 'w', name: 'w', status: 'warn' })]
    const cut = (limit: number) =>
      summarise(report(result(all, { exitCode: 1 }), { warnings: ['careful'] }), facts, { limit })
    const lost: string[] = []
    let before = sections(cut(1_000_000))
    for (let limit = 40_000; limit > 2500; limit -= 100) {
      const markdown = cut(limit)
      expect(bytes(markdown)).toBeLessThanOrEqual(limit)
      const now = sections(markdown)
      lost.push(...before.filter((name) => !now.includes(name)))
      expect(now.length === 7 || markdown.includes('✂️')).toBe(true)
      before = now
    }
    expect(lost).toEqual([
      '<details><summary>All',
      '### Timeline',
      '### Slowest',
      '### Built',
      '### Warnings',
    ])
    expect(before).toEqual(['### Failures', '### Access'])
  })

  test('is never longer than its limit, whatever the messages are', () => {
    fc.assert(
      fc.property(
        fc.array(hostile, { maxLength: 30 }),
        fc.integer({ min: 4000, max: 20_000 }),
        (messages, limit) => {
          const all = messages.map((message, at) =>
            node({ uniqueId: `${at}`, status: at % 2 ? 'error' : 'warn', message, name: message }),
          )
          const markdown = summarise(report(result(all)), facts, { limit })
          expect(bytes(markdown)).toBeLessThanOrEqual(limit)
          expect(Buffer.from(markdown, 'utf8').toString('utf8')).toBe(markdown)
        },
      ),
      { numRuns: runs(1000) },
    )
  })
})

test.each([
  [0, '0.00 s'],
  [0.0535, '0.05 s'],
  [0.996, '1.0 s'],
  [9.96, '10 s'],
  [59.6, '1 min 0 s'],
  [72, '1 min 12 s'],
  [3599.6, '1 h 0 min'],
  [7500, '2 h 5 min'],
  [Number.NaN, '?'],
])('a duration of %p seconds is told as %p', (seconds, expected) => {
  expect(duration(seconds)).toBe(expected)
})

test('the page of the demo needs no network, runs no script but that of its charts, and shows what it is given', () => {
  const whole = summaryPage({
    title: 'Demo <1>',
    sections: [
      {
        title: 'A failed run',
        markdown: summarise(report(result(nodes, { artifacts: artifacts(nodes) })), facts),
      },
      { title: 'Audit', note: 'a & b', lines: ['{"a":"</pre><script>"}', 'not JSON'] },
    ],
  })
  const [page, script, ...more] = whole.split(/<script>([\s\S]*)<\/script>/)
  expect(more).toEqual(['\n</body>\n</html>\n'])
  const hash = createHash('sha256')
    .update(script ?? '')
    .digest('base64')
  expect(page).toContain(`script-src 'sha256-${hash}'`)
  expect(page?.match(/<pre class="mermaid">/g)).toHaveLength(1)
  expect(page).not.toMatch(/<script|<link|<img|@import|url\(/i)
  expect(page).toContain("default-src 'none'")
  expect(page).toContain('name="viewport"')
  expect(page).toContain('<title>Demo &lt;1&gt;</title>')
  expect(page).toContain('&lt;/pre&gt;&lt;script&gt;')
  expect(page?.match(/<div class="scroll"><table>/g)?.length).toBe(page?.match(/<\/table><\/div>/g)?.length)
  expect(page?.match(/<article/g)).toHaveLength(2)
})
