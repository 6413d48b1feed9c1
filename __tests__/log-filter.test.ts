import { describe, expect, test } from '@jest/globals'
import { captureLines } from '../src/report/capture.ts'
import { readCommand, unescapeData } from '../src/report/commands.ts'
import { foreignText, type Foreign } from '../src/report/foreign.ts'
import { createGate } from '../src/report/gate.ts'
import { neutralise, neutraliser } from '../src/report/neutralise.ts'
import { createSecrets } from '../src/report/scrub.ts'
import { createWriter, type Output, type Writer } from '../src/report/writer.ts'

interface Captured {
  readonly write: (chunk: Uint8Array | string, ...more: readonly unknown[]) => unknown
  readonly lines: readonly string[]
  readonly passed: readonly (readonly unknown[])[]
  readonly end: () => void
  readonly stream: { write: NodeJS.WriteStream['write'] }
  readonly original: NodeJS.WriteStream['write']
}

function captured(passing = false): Captured {
  const lines: string[] = []
  const passed: (readonly unknown[])[] = []
  const original = ((...given: readonly unknown[]) => {
    passed.push(given)
    return false
  }) as NodeJS.WriteStream['write']
  const stream = { write: original }
  const own = captureLines(
    stream,
    (line) => void lines.push(line),
    () => passing,
  )
  const write = stream.write as Captured['write']
  return { write, lines, passed, end: () => own[Symbol.dispose](), stream, original }
}

const done = (): void => undefined

describe('what others write to stdout', () => {
  test('is taken line by line, whatever the pieces, and the rest at the end', () => {
    const { write, lines, end } = captured()
    for (const piece of ['a', 'b\nc\r', '\n\n\rd\re\r\n', Buffer.from('é\nx😀y').subarray(0, 7)]) write(piece)
    expect(lines).toEqual(['ab', 'c', '', '\rd\re', 'é'])
    write(Buffer.from('😀y').subarray(3))
    end()
    expect(lines).toEqual(['ab', 'c', '', '\rd\re', 'é', 'x😀y'])
    end()
    expect(lines).toHaveLength(6)
  })

  test('keeps a mark of its byte order, and ends without a line where nothing is left', () => {
    const { write, lines, end } = captured()
    write(Buffer.from('\ufeffa\n'))
    end()
    expect(lines).toEqual(['\ufeffa'])
  })

  test('is told that it was written, as Node would, however it asks', async () => {
    const { write, lines } = captured()
    expect(write('a\n')).toBe(true)
    await new Promise<void>((resolve) => void write('b\n', () => resolve()))
    await new Promise<void>((resolve) => void write('c\n', 'utf8', () => resolve()))
    expect(lines).toEqual(['a', 'b', 'c'])
  })

  test('passes untouched where it is ours, with what was to be called', () => {
    const { write, lines, passed } = captured(true)
    expect(write('a', done)).toBe(false)
    write('b', 'utf8', done)
    expect(passed).toEqual([
      ['a', undefined, done],
      ['b', undefined, done],
    ])
    expect(lines).toEqual([])
  })

  test('is given back to whom it was taken from, unless somebody else has taken it since', () => {
    const { stream, original, end } = captured()
    end()
    expect(stream.write).toBe(original)
    const other = captured()
    const theirs = (() => true) as NodeJS.WriteStream['write']
    other.stream.write = theirs
    other.end()
    expect(other.stream.write).toBe(theirs)
  })
})

describe('a command of the toolkit', () => {
  test.each<[string, ReturnType<typeof readCommand>]>([
    ['::debug::x', { name: 'debug', data: 'x' }],
    ['::add-mask::', { name: 'add-mask', data: '' }],
    ['::error file=a.sql,line=3::a::b', { name: 'error', data: 'a::b' }],
    ['::error file=a::b::c', { name: 'error', data: 'b::c' }],
    [' ::debug::x', undefined],
    ['x::debug::y', undefined],
    ['::debug', undefined],
    ['::DEBUG::x', undefined],
    ['::debug::x\ny', undefined],
    ['::error file=a\nb::c', undefined],
  ])('is read where it is the whole line: %j', (line, found) => {
    expect(readCommand(line)).toEqual(found)
  })

  test('has its data unescaped in the order of the runner', () => {
    expect(unescapeData('a%0Db%0Ac%25d%250A')).toBe('a\rb\nc%d%0A')
  })
})

describe('text of others', () => {
  test.each([
    ['::x', '\\::x'],
    ['a ::x', 'a ::x'],
    ['a\v::x\f::y', 'a\v\\::x\f\\::y'],
    ['V::x', 'V::x'],
    ['::::x', '\\::::x'],
    [' \u200b::x', ' \u200b\\::x'],
    ['###[x', '###\\[x'],
    ['##[a]##[b]', '##\\[a]##\\[b]'],
    ['# #[x', '# #[x'],
    ['plain', 'plain'],
    ['', ''],
  ])('is as it was but for a backslash where a command would begin: %j', (text, expected) => {
    expect(neutralise(text)).toBe(expected)
  })

  test('holds back one colon at the most, and what follows the end begins a line', () => {
    const stream = neutraliser()
    expect(stream.push('::x:')).toBe('\\::x:')
    expect(stream.push('\n:')).toBe('\n')
    expect(stream.flush()).toBe(':')
    expect([stream.push('#'), stream.push('#'), stream.push('[x')]).toEqual(['#', '#', '\\[x'])
    expect([
      stream.push('\n##'),
      stream.flush(),
      stream.push('[x'),
      stream.push(':'),
      stream.push(':y'),
    ]).toEqual(['\n##', '', '[x', ':', ':y'])
    expect([stream.flush(), stream.push(':'), stream.push(':'), stream.flush()]).toEqual(['', '', '\\::', ''])
    expect(stream.push('')).toBe('')
  })

  test('holds a colon back at the start of a later line, too, and puts nothing together that stood apart', () => {
    const stream = neutraliser()
    expect([stream.push('::x\n:'), stream.push(':error::y\n')]).toEqual(['\\::x\n', '\\::error::y\n'])
    expect([stream.push('#a'), stream.push('#[b')]).toEqual(['#a', '#[b'])
  })
})

interface Child {
  readonly foreign: Foreign
  readonly out: string[]
  readonly ended: () => number
}

function child(...secrets: readonly string[]): Child {
  const out: string[] = []
  const known = createSecrets()
  for (const secret of secrets) known.add(secret)
  let ended = 0
  const outlet = {
    emit: (text: string) => void out.push(text),
    endLine: () => void out.push('|'),
    scrubber: () => known.stream(),
  }
  const foreign = foreignText(outlet, () => void (ended += 1))
  return { foreign, out, ended: () => ended }
}

describe('the bytes of a child', () => {
  test('end with what was held back, once, and nothing comes after', () => {
    const { foreign, out, ended } = child('abcdefgh')
    foreign.write(Buffer.from('\ufeffx abcd'), 'stdout')
    foreign.write(Buffer.from([0x79, 0xe2, 0x82]), 'stderr')
    foreign.end()
    foreign.end()
    foreign.write(Buffer.from('late'), 'stdout')
    foreign.write(Buffer.from('late'), 'stderr')
    expect(out.join('')).toBe('\ufeffx |y|abcd|\ufffd|')
    expect(ended()).toBe(1)
  })

  test('of one stream break no line, and of none make none', () => {
    const { foreign, out } = child()
    foreign.write(Buffer.from('a'), 'stdout')
    foreign.write(Buffer.of(0xe2), 'stderr')
    foreign.write(Buffer.from('b'), 'stdout')
    expect(out.join('')).toBe('ab')
  })
})

function gate(inWords = false): {
  readonly gate: ReturnType<typeof createGate>
  readonly text: () => string
} {
  let text = ''
  let made = 0
  const random = (): string => `token-${(made += 1)}`
  return { gate: createGate({ write: (more) => void (text += more), random, inWords }), text: () => text }
}

describe('the gate', () => {
  test('stops and resumes on lines of their own', () => {
    const { gate: at, text } = gate()
    at.emit('a')
    at.stop()
    at.emit('b')
    at.resume()
    at.resume()
    at.emit('c\n')
    at.endLine()
    expect(text()).toBe('a\n::stop-commands::token-1\nb\n::token-1::\nc\n')
  })

  test('prints commands aside under a new token where commands are stopped, and as they are where not', () => {
    const { gate: at, text } = gate()
    let paused = 0
    const pause = (): void => void (paused += 1)
    at.emit('a')
    at.aside(['::x::1', '::x::2'], pause)
    expect([text(), paused]).toEqual(['a\n::x::1\n::x::2\n', 0])
    at.stop()
    at.aside(['::x::3'], pause)
    at.resume()
    expect([text().split('\n').slice(3), paused]).toEqual([
      ['::stop-commands::token-1', '::token-1::', '::x::3', '::stop-commands::token-2', '::token-2::', ''],
      1,
    ])
  })

  test('stops nothing where nobody reads commands', () => {
    const { gate: at, text } = gate(true)
    at.emit('a')
    at.stop()
    at.emit('b')
    at.resume()
    expect(text()).toBe('a\nb\n')
  })
})

function desk(over: Partial<Output> = {}): { readonly writer: Writer; readonly text: () => string } {
  let text = ''
  const writer = createWriter({
    write: (more) => void (text += more),
    colour: false,
    random: () => 'a'.repeat(64),
    ...over,
  })
  return { writer, text: () => text }
}

describe('the writer', () => {
  test('has a colour for each tone, line by line', () => {
    const { writer, text } = desk({ colour: true })
    for (const tone of ['plain', 'quiet', 'strong', 'good', 'bad'] as const) writer.line('ab\n\nc', tone)
    const painted = ['2', '1', '32', '31'].map(
      (code) => `\u001b[${code}mab\u001b[0m\n\n\u001b[${code}mc\u001b[0m\n`,
    )
    expect(text()).toBe(`ab\n\nc\n${painted.join('')}`)
  })

  test('says in words what nobody would read as a command, without secrets and without masks', () => {
    const { writer, text } = desk({ inWords: true })
    writer.mask('abcdefgh')
    writer.group('one abcdefgh')
    writer.notice('n', { title: 't' })
    writer.warning('w abcdefgh')
    writer.error('e')
    writer.command('debug', {}, 'd')
    writer.endGroup()
    expect(text()).toBe('▸ one ***\nnotice: n\nwarning: w ***\nerror: e\n')
  })

  test('says where a notice, a warning and an error belong', () => {
    const { writer, text } = desk()
    const place = { title: 't', file: 'a.sql', line: 3 }
    writer.notice('n', place)
    writer.warning('w', place)
    writer.error('e', place)
    writer.notice('n')
    writer.warning('w')
    writer.error('e')
    const placed = ['notice', 'warning', 'error'].map(
      (name) => `::${name} title=t,file=a.sql,line=3::${name.charAt(0)}\n`,
    )
    expect(text()).toBe(`${placed.join('')}::notice::n\n::warning::w\n::error::e\n`)
  })

  test('masks what is new once, and prints nothing for what it knows', () => {
    const { writer, text } = desk()
    writer.mask('abcdefgh')
    const before = text()
    expect(before).toContain('::add-mask::abcdefgh\n')
    const foreign = writer.foreign()
    writer.mask('abcdefgh')
    foreign.end()
    expect(text().slice(before.length)).toBe(`::stop-commands::${'a'.repeat(64)}\n::${'a'.repeat(64)}::\n`)
  })

  test('takes of others what the toolkit prints as commands, and shows the rest as text', () => {
    let text = ''
    const stream = { write: ((more: string) => !!(text += more)) as NodeJS.WriteStream['write'] }
    const writer = createWriter({
      write: (more) => void stream.write(more),
      colour: false,
      random: () => 'a',
    })
    using _ = writer.own(stream)
    const lines = [
      ...['debug', 'notice', 'warning', 'error', 'group', 'endgroup'].map((name) => `::${name}::x\n`),
      '::set-output name=a::x\n',
      '::save-state name=a::x\n',
    ]
    for (const line of lines) stream.write(line)
    expect(text).toBe(lines.join('').replaceAll('::s', '\\::s'))
  })

  test('waits for whoever reads, where somebody does', async () => {
    const asked: string[] = []
    const { writer } = desk({
      room: async () => void asked.push('room'),
      allRead: async () => asked.push('all read') === 0,
    })
    await writer.room()
    expect(await writer.allRead()).toBe(false)
    expect(asked).toEqual(['room', 'all read'])
    const nobody = desk().writer
    await nobody.room()
    expect(await nobody.allRead()).toBe(true)
  })
})
