import { describe, expect, test } from '@jest/globals'
import { reading } from '../scripts/demo/log.ts'
import { summaryText, withoutLinks } from '../scripts/demo/told.ts'

describe('the demo shows of a log', () => {
  test.each<[string, readonly string[], readonly string[]]>([
    [
      'no fence around what dbt says',
      ['##[group]dbt build', '::stop-commands::***', 'OK', '::***::', '##[endgroup]'],
      ['##[group]dbt build', 'OK'],
    ],
    [
      'a denial once',
      [
        '✗ no-grant: No grant.',
        '  table',
        '→ Do this:',
        '  when:',
        '##[error]No grant.',
        'table',
        'Do this:',
        'when:',
      ],
      ['✗ no-grant: No grant.', '  table', '→ Do this:', '  when:'],
    ],
    [
      'an error that stands nowhere else',
      ['x', '##[error]No grant.', 'why'],
      ['x', '##[error]No grant.', 'why'],
    ],
    ['equal lines of dbt', ['OK', 'OK'], ['OK', 'OK']],
  ])('%s', (_, lines, shown) => {
    expect(lines.filter(reading())).toEqual(shown)
  })
})

describe('the demo shows of a summary', () => {
  const link = '[<code>a&#95;b</code>](http://127.0.0.1:4000/o/r/commit/3f1c)'

  test('text without tags and entities', () => {
    expect(summaryText(`${link} · 1&#46;12 &#64;&#8203;ada &amp;lt;`)).toEqual(['a_b · 1.12 @ada &lt;'])
  })

  test('no link to a server that is gone, and every other one', () => {
    expect(withoutLinks(`${link} [x](https://github.com/o/r)`)).toBe(
      '<code>a&#95;b</code> [x](https://github.com/o/r)',
    )
  })
})
