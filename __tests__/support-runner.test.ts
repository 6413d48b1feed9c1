import { describe, expect, test } from '@jest/globals'
import { createMasker } from './support/runner-masks.ts'
import { parseCommands, parseFileCommands, renderLog } from './support/runner.ts'

describe('a line executes a command', () => {
  test.each([
    [
      '::error file=a.sql,line=3::no%0Aluck',
      { name: 'error', properties: { file: 'a.sql', line: '3' }, data: 'no\nluck' },
    ],
    ['\t \u0085\u2028::Warning::x', { name: 'warning', properties: {}, data: 'x' }],
    ['::set-output name=a%3Ab%2Cc::v%25', { name: 'set-output', properties: { name: 'a:b,c' }, data: 'v%' }],
    ['mid ##[add-mask]hello', { name: 'add-mask', properties: {}, data: 'hello' }],
    [
      '##[error file=a%5D;line=2]x%3By',
      { name: 'error', properties: { file: 'a]', line: '2' }, data: 'x;y' },
    ],
    ['mid\r::notice::x', { name: 'notice', properties: {}, data: 'x' }],
    ['::error a==b,=c=d,e=,f::x', { name: 'error', properties: { a: 'b', c: 'd' }, data: 'x' }],
    ['::unknown::##[group]x', { name: 'group', properties: {}, data: 'x' }],
    ['::error::%250A', { name: 'error', properties: {}, data: '%0A' }],
    ['::stop-commands::x', { name: 'stop-commands', properties: {}, data: 'x' }],
    ['::error:\u200b:x', { name: 'error', properties: {}, data: ':x' }],
  ])('%j', (line, command) => {
    expect(parseCommands(line)).toEqual([command])
  })

  test.each([
    'mid ::error::x',
    '\ufeff::error::x',
    ':: error::x',
    '::error',
    '::nothing::x',
    '## [error]x',
    '##[ error]x',
    '##[error',
    '##[internal-set-repo-path]x',
  ])('but not %j', (line) => {
    expect(parseCommands(line)).toEqual([])
  })
})

describe('a log is rendered', () => {
  test('with groups, issues and hidden debug lines', () => {
    const log = renderLog('::group::dbt\nplain\n::debug::secret\n::error file=a::bad%0Aworse\n::endgroup::\n')
    expect(log.lines).toEqual(['##[group]dbt', 'plain', '##[error]bad', 'worse', '##[endgroup]'])
    expect(log.commands.map(({ name }) => name)).toEqual(['group', 'debug', 'error', 'endgroup'])
    expect(renderLog('::debug::a%0Ab', { debug: true }).lines).toEqual(['##[debug]a', '##[debug]b'])
  })

  test('with a mask from its place on, never before', () => {
    const log = renderLog('early hunter2hunter2\n::add-mask::hunter2hunter2\nlate hunter2hunter2\n')
    expect(log.lines).toEqual(['early hunter2hunter2', 'late ***'])
    expect(log.masks).toEqual(['hunter2hunter2'])
  })

  test('with each line of a secret hidden', () => {
    expect(renderLog('::add-mask::first line%0A  second line \nsecond line, first line').lines).toEqual([
      '***, ***',
    ])
  })

  test('with nothing executed between stop and resume, a mask in clear included', () => {
    const log = renderLog(
      '::stop-commands::Token-77\n::add-mask::x1y2z3\n##[error]e\n::TOKEN-77::\n::add-mask::x1\nx1',
    )
    expect(log.lines).toEqual([
      '::stop-commands::***',
      '::add-mask::x1y2z3',
      '##[error]e',
      '::TOKEN-77::',
      '***',
    ])
    expect(log.commands.map(({ name }) => name)).toEqual(['stop-commands', 'resume-commands', 'add-mask'])
    expect(log).toMatchObject({ failed: false, stopped: false })
    expect(renderLog('::stop-commands::abcdefgh')).toMatchObject({ stopped: true })
  })

  test.each([
    '::stop-commands::',
    '::stop-commands::Error',
    '::stop-commands::pause-logging',
    '::set-env name=A::b',
    '::add-path::/x',
    '::set-output::x',
    '::echo::maybe',
  ])('as failed after %j', (line) => {
    const log = renderLog(line)
    expect(log).toMatchObject({ failed: true, commands: [], stopped: false })
    expect(log.lines.at(-1)).toMatch(/^##\[error\]/)
  })
})

describe('a mask hides', () => {
  const secret = `p"a's<s>&w+ö/é\u2028x\\`
  test.each([
    ['itself', secret, secret],
    ['base64', secret, Buffer.from(secret).toString('base64')],
    ['base64 after one byte', secret, Buffer.from(secret).subarray(1).toString('base64')],
    ['base64 after two bytes', secret, Buffer.from(secret).subarray(2).toString('base64')],
    ['quotes for a command line', secret, secret.replaceAll('"', '\\"')],
    ['quotes for an expression', secret, secret.replaceAll("'", "''")],
    ['JSON', 'a"\n\t\u0001\u2028b', 'a\\"\\n\\t\\u0001\\u2028b'],
    ['a URI', "a b!'()*~ö", 'a%20b%21%27%28%29%2A~%C3%B6'],
    ['XML', `<a>&"'`, '&lt;a&gt;&amp;&quot;&apos;'],
    ['the inside of double quotes', '"inside-of-it"', 'inside-of-it'],
    ['PowerShell, before the ampersand', 'part1&part2&part3x', 'part1&part2&'],
    ['PowerShell, after the ampersand', 'part1&part2&part3x', 'part3x'],
    ['PowerShell, before a coloured one', 'part1&+secret9', 'part1&+'],
    ['PowerShell, after a coloured one', 'part1&+secret9', 'ecret9'],
  ])('%s', (_form, value, shown) => {
    const masker = createMasker()
    masker.add(value)
    expect(masker.mask(`<<${shown}>>`)).toBe('<<***>>')
  })

  test.each([
    ['base64url', Buffer.from(`${secret}??`).toString('base64url')],
    ['hex', Buffer.from(secret).toString('hex')],
    ['most of it', secret.slice(0, 5)],
  ])('not %s', (_form, shown) => {
    const masker = createMasker()
    masker.add(secret)
    expect(masker.mask(shown)).toBe(shown)
  })

  test('neighbours and overlaps with one mark', () => {
    const masker = createMasker()
    for (const value of ['abcd', 'cdef', 'gh']) masker.add(value)
    expect(masker.mask('abcdefgh abcd.gh')).toBe('*** ***.***')
  })
})

describe('a command file', () => {
  test.each([
    ['A=1\n\nB=x=y<<z\n', { A: '1', B: 'x=y<<z' }],
    ['A<<E\none\ntwo\nE\nB=2', { A: 'one\ntwo', B: '2' }],
    ['A<<E\nE\n', { A: '' }],
    ['A<<E\n\nE\n', { A: '' }],
    ['A<<E=F\nx\nE=F\n', { A: 'x' }],
    ['A=1\r\n', { A: '1\r' }],
    ['A<<E\none\r\ntwo\nE', { A: 'one\r\ntwo' }],
    ['A=1\nA=2', { A: '2' }],
    ['\ufeffA=1', { A: '1' }],
    ['=x', { '': 'x' }],
  ])('%j is read', (text, values) => {
    expect(Object.fromEntries(parseFileCommands(text))).toEqual(values)
  })

  test.each([
    ['A', 'Invalid format'],
    ['<<E\nx\nE', 'Name must not be empty'],
    ['A<<\nx\n', 'delimiter must not be empty'],
    ['A<<E\nx\n', 'Matching delimiter not found'],
    ['A<<E\nx', 'EOF marker missing new line'],
    ['A<<E\r\nx\nE\n', 'Matching delimiter not found'],
  ])('%j is refused', (text, problem) => {
    expect(() => parseFileCommands(text)).toThrow(problem)
  })
})
