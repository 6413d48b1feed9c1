import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { marked } from 'marked'
import { changesOf } from '../src/comment/changes.ts'
import { read, stateOf, written, type State } from '../src/comment/state.ts'
import { commentOn, commentOnFailure, markerOf, rememberedIn } from '../src/comment/text.ts'
import type { NodeResult } from '../src/dbt/result.ts'
import { facts, node, nodes, result } from './support/report.ts'
import { runs } from './support/runs.ts'

const subject = { facts, asked: 'prod', target: 'prod' }
const ran = (name: string, seconds: number, status = 'success'): NodeResult =>
  node({ uniqueId: `model.shop.${name}`, name, seconds, status })
const stateFrom = (...all: readonly NodeResult[]): State => stateOf(result(all), facts.sha)

describe('the comment', () => {
  test('tells what was built, what failed, where and in which words, below a marker that nobody sees', () => {
    const body = commentOn(result(nodes, { exitCode: 1 }), subject, undefined)
    expect(body.split('\n')[0]).toBe(markerOf(subject))
    expect(body.split('\n').slice(2).join('\n')).toBe(
      `
### ❌ dbt failed on <code>prod</code> after 6.8 s

**1** failed · **1** skipped · **2** built; **1** failed · **1** warned

[<code>8f14e45</code>](https://github.com/acme/dbt/commit/${facts.sha}) · [run 9876543210](https://github.com/acme/dbt/actions/runs/9876543210/attempts/2), attempt 2

- ❌ [<code>model broken</code>](https://github.com/acme/dbt/blob/${facts.sha}/warehouse/shop/models/broken.sql): <code>Binder Error: Referenced column "no_such_column" not found in FROM clause!</code>
- ❌ [<code>unit test totals_add_up</code>](https://github.com/acme/dbt/blob/${facts.sha}/warehouse/shop/models/schema.yml): <code>actual differs from expected:</code>

<details><summary>3 nodes by time</summary>

| node | time |
| :-- | --: |
| ❌ [<code>broken</code>](https://github.com/acme/dbt/blob/${facts.sha}/warehouse/shop/models/broken.sql) | 0.09 s |
| ✅ [<code>raw_<wbr>orders</code>](https://github.com/acme/dbt/blob/${facts.sha}/warehouse/shop/seeds/raw_orders.csv) | 0.08 s |
| ✅ [<code>stg_<wbr>orders</code>](https://github.com/acme/dbt/blob/${facts.sha}/warehouse/shop/models/staging/stg_orders.sql) | 0.05 s |

</details>`,
    )
  })

  test('tells what has changed since it was written last', () => {
    const before = commentOn(
      result([ran('a', 2), ran('b', 40), ran('c', 3, 'error'), ran('d', 1), ran('e', 9)]),
      { ...subject, facts: { ...facts, sha: 'abcdef1234567890abcdef1234567890abcdef12' } },
      undefined,
    )
    const body = commentOn(
      result([ran('a', 2, 'error'), ran('b', 10), ran('c', 3), ran('f', 1), ran('e', 9.5)], {
        exitCode: 1,
        seconds: 30,
      }),
      subject,
      rememberedIn(before),
    )
    expect(body).toContain('after 30 s (was 6.8 s)')
    expect(body).toContain(' · compared with <code>abcdef1</code>')
    expect(body).toContain(`#### What changed

- 🔴 broke: <code>a</code>
- 🟢 mended: <code>c</code>
- 🆕 new: <code>f</code>
- 👋 no longer run: <code>d</code>
- 🐇 faster: <code>b</code> 40 s → 10 s
`)
    expect(body).toContain('| 10 s | 40 s |')
  })

  test('says so where nothing has changed', () => {
    const body = commentOn(result([ran('a', 2)]), subject, stateFrom(ran('a', 2.3)))
    expect(body).toContain('#### What changed\n\nNothing changed that is worth a line.\n')
  })

  test('on a run that never came to dbt keeps what it remembers', () => {
    const before = stateFrom(ran('a', 2))
    const body = commentOnFailure('no-grant', subject, before)
    expect(body).toContain('### ❌ This run failed before dbt: <code>no-grant</code>')
    expect(rememberedIn(body)).toEqual(before)
  })

  test('is another one for another workflow, job or asked target, and the same for another commit', () => {
    const others = [
      { ...subject, asked: 'ci' },
      { ...subject, asked: undefined },
      { ...subject, facts: { ...facts, job: 'other' } },
      { ...subject, facts: { ...facts, workflow: 'other' } },
    ]
    expect(new Set([subject, ...others].map(markerOf)).size).toBe(5)
    expect(markerOf({ ...subject, target: 'x', facts: { ...facts, sha: 'f', runId: '1' } })).toBe(
      markerOf(subject),
    )
  })

  test('fits into what GitHub takes, however many nodes fail in however many words', () => {
    const many = Array.from({ length: 20_000 }, (_, at) =>
      node({
        uniqueId: `model.shop.${'long_'.repeat(20)}${at}`,
        name: `${'long_'.repeat(20)}${at}`,
        status: 'error',
        message: '😀'.repeat(5000),
        seconds: at,
      }),
    )
    const body = commentOn(
      result(many),
      subject,
      stateFrom(...many.map((one) => ({ ...one, status: 'success' }))),
    )
    expect(body.length).toBeLessThan(65_536)
    expect(body).toContain('- and 19,980 more\n')
  })

  test('calls nobody, holds no HTML but its own, and no second marker, whatever names and messages are', () => {
    const evil = fc.constantFrom(
      '@octocat',
      '#1',
      'GH-12',
      '<img src=x>',
      '</code></details>',
      '-->',
      '<!-- dbt-oidc:x -->',
      `${markerOf(subject)}\n<!-- dbt-oidc-state:e30 -->`,
      '](https://evil.example)',
      '|',
      '`',
      '\n\n# x\n',
      '\r',
    )
    const word = fc
      .array(fc.oneof(evil, fc.string({ unit: 'binary', maxLength: 9 })), { maxLength: 5 })
      .map((all) => all.join(''))
    fc.assert(
      fc.property(word, word, word, (name, message, target) => {
        const all = [
          node({ uniqueId: name, name, message, status: 'error', resourceType: name, file: name }),
          node({ uniqueId: `${name}2`, name, seconds: 2 }),
        ]
        const body = commentOn(
          result(all, { command: message }),
          { ...subject, target },
          stateFrom(node({ uniqueId: name, seconds: 9 })),
        )
        const [first, second, ...rest] = body.split('\n')
        expect(first).toBe(markerOf(subject))
        expect(second).toMatch(/^<!-- dbt-oidc-state:[\w-]+ -->$/)
        expect(rest.join('\n')).not.toContain('<!--')
        const html = marked.parse(rest.join('\n'), { async: false, gfm: true })
        const tags = new Set(Array.from(html.matchAll(/<\/?([a-z0-9]+)/g), ([, tag]) => tag))
        for (const tag of tags)
          expect(
            'h3 h4 p strong code a ul li details summary table thead tbody tr th td wbr'.split(' '),
          ).toContain(tag)
        // Outside of code type GitHub would call somebody, or link to something.
        const prose = html.replaceAll(/<code>[\s\S]*?<\/code>|<[^>]*>/g, '')
        expect(prose).not.toMatch(/(?:@|#|GH-)\w/)
        for (const [, address] of html.matchAll(/href="([^"]*)"/g))
          expect(address).toMatch(/^https:\/\/github\.com\/acme\/dbt\//)
      }),
      { numRuns: runs(1000) },
    )
  })
})

describe('what a comment remembers', () => {
  test('reads back as it was written', () => {
    const state = stateFrom(ran('a', 2), ran('é|<!--', 0.001, 'error'), ran('c', 0, 'skipped'))
    expect(written(state)).toMatch(/^[\w-]+$/)
    expect(read(written(state))).toEqual(state)
  })

  test('is bounded, failures first, and then knows that it is not all', () => {
    const many = Array.from({ length: 1000 }, (_, at) => ran(`m${at}`, at, at === 3 ? 'error' : 'success'))
    const state = stateFrom(...many)
    expect([state.nodes.size, state.whole]).toEqual([300, false])
    expect([...state.nodes.keys()].slice(0, 2)).toEqual(['model.shop.m3', 'model.shop.m999'])
    const long = stateFrom(...many.map((one) => ({ ...one, uniqueId: one.uniqueId + 'x'.repeat(400) })))
    expect(written(long).length).toBeLessThanOrEqual(30_000)
    expect(read(written(long))?.whole).toBe(false)
  })

  test.each([
    ['no text', ''],
    ['no JSON', 'AAAA'],
    ['another shape', Buffer.from('{"v":1}').toString('base64url')],
    [
      'a commit that is none',
      Buffer.from('{"v":1,"sha":"<b>","seconds":1,"whole":true,"nodes":[]}').toString('base64url'),
    ],
  ])('is nothing where the comment was changed to %s', (_, text) => {
    expect(read(text)).toBe(undefined)
    expect(rememberedIn(`${markerOf(subject)}\n<!-- dbt-oidc-state:${text} -->\n`)).toBe(undefined)
  })

  test('is looked for on the second line alone', () => {
    const state = `<!-- dbt-oidc-state:${written(stateFrom(ran('a', 2)))} -->`
    expect(rememberedIn(`${markerOf(subject)}\n\n${state}`)).toBe(undefined)
    expect(rememberedIn(`${markerOf(subject)}\r\n${state}\r\n`)).toBeDefined()
  })

  test('of a run that was not known whole calls nothing new', () => {
    const before = { ...stateFrom(ran('a', 1)), whole: false }
    const now = { ...stateFrom(ran('b', 1)), whole: false }
    expect(changesOf(before, now)).toEqual({ broke: [], mended: [], added: [], gone: [], timings: [] })
  })
})
