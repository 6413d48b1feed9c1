import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { randomBytes } from 'node:crypto'
import { formatCommand } from '../src/report/commands.ts'
import { code, numbered, text as markdown } from '../src/report/markdown.ts'
import { neutralise, neutraliser } from '../src/report/neutralise.ts'
import { createWriter, type Writer } from '../src/report/writer.ts'
import { hostileNames, hostileOutput } from './hostile/dbt.ts'
import { formsOf } from './support/leak-forms.ts'
import { parseCommands, renderLog } from './support/runner.ts'
import { runs } from './support/runs.ts'

interface Desk {
  readonly writer: Writer
  readonly text: () => string
  readonly tokens: string[]
}

function desk(colour = false): Desk {
  let text = ''
  const tokens: string[] = []
  const writer = createWriter({
    write: (more) => void (text += more),
    colour,
    random() {
      const token = randomBytes(32).toString('hex')
      tokens.push(token)
      return token
    },
  })
  return { writer, text: () => text, tokens }
}

const SECRET = 'correct-horse/battery+staple=='
const JWT = `eyJ${randomBytes(30).toString('base64url')}.${randomBytes(60).toString('base64url')}.${randomBytes(90).toString('base64url')}`

/** The text in pieces of these lengths, over and over. */
function cut(bytes: Buffer, lengths: readonly number[]): Buffer[] {
  const pieces: Buffer[] = []
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const length = lengths[turn % lengths.length] ?? 1
    pieces.push(bytes.subarray(at, at + length))
    at += length
  }
  return pieces
}

function commandsIn(text: string): string[] {
  return renderLog(text)
    .commands.map((command) => command.name)
    .filter((name) => name !== 'stop-commands' && name !== 'resume-commands')
}

const visible = (text: string): string => text.replaceAll('\\', '')

describe.each(hostileOutput)('$id $name', ({ texts }) => {
  test.each(texts)('%j is shown and not executed', (text) => {
    const { writer, text: written } = desk()
    const foreign = writer.foreign()
    foreign.write(Buffer.from(text), 'stdout')
    foreign.end()
    const log = renderLog(written())
    expect(commandsIn(written())).toEqual([])
    expect(log.stopped).toBe(false)
    // Even without the bracket: the second lock holds alone.
    expect(parseCommands(neutralise(text))).toEqual([])
    expect(visible(neutralise(text))).toBe(text)
  })

  test.each(texts)('%j is not executed in a line of ours either', (text) => {
    const { writer, text: written } = desk()
    writer.line(`Model ${text}`)
    writer.line(text)
    expect(commandsIn(written())).toEqual([])
  })
})

describe('workflow-command-07 the token of the bracket', () => {
  test('is new each time, 64 digits, and never what the child could have seen', () => {
    const { writer, tokens, text } = desk()
    const foreign = writer.foreign()
    foreign.write(Buffer.from('a'), 'stdout')
    writer.mask(SECRET)
    const [first = '', second = ''] = tokens
    expect(first).toMatch(/^[0-9a-f]{64}$/)
    expect(second).not.toBe(first)
    foreign.write(
      Buffer.from(`\n##[${first}]\n::${first.toUpperCase()}::\n##[${second}]\n::error::x\n`),
      'stdout',
    )
    foreign.end()
    expect(new Set(commandsIn(text()))).toEqual(new Set(['add-mask']))
    expect(renderLog(text()).stopped).toBe(false)
  })
})

describe('workflow-command-12 annotations of ours', () => {
  test.each(hostileNames)('%j makes exactly one annotation, and reads back', (name) => {
    const { writer, text } = desk()
    writer.error(`${name} failed`, { title: name, file: name, line: 3 })
    expect(renderLog(text()).commands).toEqual([
      { name: 'error', properties: { title: name, file: name, line: '3' }, data: `${name} failed` },
    ])
  })

  test('have no property without a value', () => {
    expect(formatCommand('warning', { title: undefined, file: '' }, 'x')).toBe('::warning::x')
  })

  test('read back whatever they hold', () => {
    const value = fc.string({
      unit: fc.oneof(fc.constantFrom(...'%:,\r\nDA25='.split('')), fc.string({ unit: 'grapheme' })),
    })
    fc.assert(
      fc.property(value, value, (data, inner) => {
        // The runner trims properties, and drops one that begins with an equals sign.
        const title = `<${inner}>`
        const [command, ...more] = parseCommands(formatCommand('error', { title }, data))
        expect(more).toEqual([])
        expect(command?.data).toBe(data)
        expect(command?.properties['title']).toBe(title)
      }),
      { numRuns: runs(1000) },
    )
  })
})

describe('foreign text', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      '::',
      ':',
      '##[',
      '##',
      '#',
      '[',
      ']',
      '\n',
      '\r',
      '\r\n',
      '\u0085',
      '\u2028',
      '\u2029',
      '\ufeff',
    ),
    fc.constantFrom(' ', '\t', '\u00a0', '\u3000', '\u200b', '\0', '\u001b[31m', 'é', '😀', '\v', '\f'),
    fc.constantFrom(
      'error',
      'add-mask',
      'set-env name=A',
      'stop-commands',
      'group',
      'set-output name=x',
      'x',
    ),
    fc.string({ unit: 'binary', maxLength: 4 }),
  )
  const text = fc.array(piece, { maxLength: 30 }).map((parts) => parts.join(''))
  const lengths = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 })

  test('executes nothing, at any cut, and keeps what is to be seen', () => {
    fc.assert(
      fc.property(text, lengths, (hostile, cuts) => {
        const { writer, text: written } = desk()
        const foreign = writer.foreign()
        const bytes = Buffer.from(hostile)
        for (const part of cut(bytes, cuts)) foreign.write(part, 'stdout')
        foreign.end()
        expect(commandsIn(written())).toEqual([])
        // The bracket away, the text has to be harmless by itself.
        const inner = written().split('\n').slice(1, -2).join('\n')
        expect(parseCommands(inner)).toEqual([])
        expect(visible(inner)).toContain(visible(bytes.toString()).replace(/\n$/, ''))
      }),
      { numRuns: runs(1000) },
    )
  })

  test('comes out the same however it is cut', () => {
    fc.assert(
      fc.property(text, lengths, (hostile, cuts) => {
        const whole = neutralise(hostile.toWellFormed())
        const stream = neutraliser()
        const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
        const parts = cut(Buffer.from(hostile), cuts).map((part) =>
          stream.push(decoder.decode(part, { stream: true })),
        )
        expect(parts.join('') + stream.flush()).toBe(whole)
      }),
      { numRuns: runs(1000) },
    )
  })

  test('of two streams never shares a line', () => {
    const { writer, text: written } = desk()
    const foreign = writer.foreign()
    foreign.write(Buffer.from('##'), 'stdout')
    foreign.write(Buffer.from('[error]x'), 'stderr')
    foreign.write(Buffer.from(':'), 'stdout')
    foreign.write(Buffer.from(':error::x\n'), 'stderr')
    foreign.end()
    expect(commandsIn(written())).toEqual([])
    expect(written()).toContain('##\n[error]x\n:\n:error::x\n')
  })

  test('may cut a character between any two bytes', () => {
    const { writer, text: written } = desk()
    const foreign = writer.foreign()
    for (const byte of Buffer.from('é😀\u2028::x::y\n')) foreign.write(Buffer.of(byte), 'stdout')
    foreign.end()
    expect(written()).toContain('é😀\u2028\\::x::y\n')
  })

  test('may be no text at all', () => {
    const { writer, text: written } = desk()
    const foreign = writer.foreign()
    foreign.write(Buffer.from([0xff, 0xc0, 0xba, 0x3a, 0x3a, 0x0a, 0xe2, 0x80]), 'stdout')
    foreign.end()
    expect(renderLog(written()).stopped).toBe(false)
    expect(commandsIn(written())).toEqual([])
  })

  test('keeps the colours and the empty lines', () => {
    const { writer, text: written } = desk()
    const foreign = writer.foreign()
    foreign.write(Buffer.from('\u001b[32mOK\u001b[0m\n\n  two::three\n'), 'stdout')
    foreign.end()
    expect(written()).toContain('\n\u001b[32mOK\u001b[0m\n\n  two::three\n::')
  })

  test('is resumed after even where printing fails', () => {
    let text = ''
    let broken = false
    const writer = createWriter({
      write(more) {
        if (broken && !more.startsWith('::')) throw new Error('EPIPE')
        text += more
      },
      colour: false,
      random: () => randomBytes(32).toString('hex'),
    })
    const foreign = writer.foreign()
    foreign.write(Buffer.from('a\n:'), 'stdout')
    broken = true
    expect(() => foreign.end()).toThrow('EPIPE')
    expect(renderLog(text).stopped).toBe(false)
  })

  test('is open once, ends once, and is ended by close', () => {
    const { writer, text: written } = desk()
    writer.group('dbt build')
    const foreign = writer.foreign()
    expect(() => writer.foreign()).toThrow('open already')
    foreign.write(Buffer.from('x'), 'stdout')
    writer.close()
    foreign.end()
    foreign.write(Buffer.from('late'), 'stdout')
    expect(written().match(/^::stop-commands::/gm)).toHaveLength(1)
    expect(renderLog(written()).commands.map((command) => command.name)).toEqual([
      'group',
      'stop-commands',
      'resume-commands',
      'endgroup',
    ])
    writer.foreign().end()
  })
})

describe('secrets', () => {
  test('are masked with the forms that the runner does not derive, each once, before anything else', () => {
    const { writer, text } = desk()
    writer.mask(JWT)
    writer.mask(JWT)
    writer.line(`token ${JWT}`)
    const masks = renderLog(text()).commands.map((command) => command.data)
    expect(new Set(masks).size).toBe(masks.length)
    expect(masks.slice(0, 1)).toEqual([JWT])
    expect(masks).toEqual(expect.arrayContaining(JWT.split('.')))
    expect(text().split('\n').at(-2)).toBe('token ***')
  })

  const secrets = {
    SECRET,
    JWT,
    key: `-----BEGIN KEY-----\n${randomBytes(40).toString('base64')}\n-----END KEY-----\n`,
    odd: 'p"ä ß&<!\'()~ok/\\',
  }

  test.each(Object.entries(secrets))('%s is hidden by the runner in every form', (_, secret) => {
    const { writer, text } = desk()
    writer.mask(secret)
    // What somebody else prints later, past this writer: the masks alone have to hold.
    const forms = formsOf(secret).map(({ needle }) => needle.toString())
    const log = renderLog(text() + forms.map((form) => `<${form}>\n`).join(''))
    for (const form of forms.filter((each) => !each.includes('\n')))
      expect([form, log.text.includes(form)]).toEqual([form, false])
  })

  test.each(Object.entries(secrets))('%s is scrubbed in every form', (_, secret) => {
    const { writer } = desk()
    writer.mask(secret)
    for (const { name, needle } of formsOf(secret))
      expect([name, writer.scrub(`<${needle.toString()}>`)]).toEqual([
        name,
        expect.stringMatching(/^<[^]{0,2}\*\*\*[^]{0,3}>$/),
      ])
  })

  test('are found in a command although it escapes some of their characters', () => {
    const { writer, text } = desk()
    writer.mask('50%of:all,this')
    const before = text().length
    writer.error('FROM 50%of:all,this TO', { title: '50%of:all,this' })
    expect(text().slice(before)).toBe('::error title=***::FROM *** TO\n')
  })

  test.each([markdown, code, numbered])('are found in a summary, whatever has escaped them: %p', (escape) => {
    const { writer } = desk()
    const secret = 'a_*b~#c|@d$[e]&f<g>`h'
    writer.mask(secret)
    expect(writer.scrub(`FROM ${escape(secret)} TO`)).toMatch(/^FROM (?:<code>)?\*\*\*(?:<\/code>)? TO$/)
  })

  test('that are no secrets do not turn the log into asterisks', () => {
    const { writer, text } = desk()
    for (const nothing of ['', 'e', ' \n', 'abc']) writer.mask(nothing)
    expect(text()).toBe('')
  })

  test('masked while dbt runs: line ended, commands resumed, masked, stopped with a new token, and only then more', () => {
    const { writer, text, tokens } = desk()
    const foreign = writer.foreign()
    foreign.write(Buffer.from('half a line ::'), 'stdout')
    writer.mask(SECRET)
    foreign.write(Buffer.from(`::error::${SECRET}\n`), 'stdout')
    foreign.end()
    const [first, second] = tokens
    const lines = text().split('\n')
    const masks = lines.filter((line) => line.startsWith('::add-mask::'))
    expect(lines).toEqual([
      `::stop-commands::${first}`,
      'half a line ::',
      `::${first}::`,
      ...masks,
      `::stop-commands::${second}`,
      '\\::error::***',
      `::${second}::`,
      '',
    ])
    const log = renderLog(text())
    expect(log.text).not.toContain(SECRET)
    expect(log.commands.filter((command) => command.name === 'add-mask')).toHaveLength(masks.length)
  })

  test('never get out, at any cut, on either stream', () => {
    const noise = fc.string({
      unit: fc.constantFrom(...'ab-/.=\n'.split(''), SECRET.slice(0, 9), SECRET.slice(5)),
      maxLength: 12,
    })
    const lengths = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 6 })
    const turns = fc.array(fc.boolean(), { minLength: 1, maxLength: 5 })
    fc.assert(
      fc.property(fc.array(noise, { maxLength: 6 }), lengths, turns, (parts, cuts, streams) => {
        const { writer, text } = desk()
        writer.mask(SECRET)
        const before = text().length
        const foreign = writer.foreign()
        const pieces = cut(Buffer.from(parts.join(SECRET)), cuts)
        for (const [turn, part] of pieces.entries())
          foreign.write(part, streams[turn % streams.length] === true ? 'stdout' : 'stderr')
        foreign.end()
        expect(text().slice(before)).not.toContain(SECRET)
      }),
      { numRuns: runs(1000) },
    )
  })

  test('cut off at the end of the output are hidden as far as they came', () => {
    const { writer, text } = desk()
    writer.mask(JWT)
    const before = text().length
    const foreign = writer.foreign()
    foreign.write(Buffer.from(`token ${JWT.slice(0, -5)}`), 'stdout')
    foreign.end()
    expect(text().slice(before)).toContain('token ***\n')
  })
})

function captured(): Desk & {
  readonly stream: { write: NodeJS.WriteStream['write'] }
  readonly own: Disposable
} {
  const made = desk()
  const stream = { write: (() => true) as NodeJS.WriteStream['write'] }
  return { ...made, stream, own: made.writer.own(stream) }
}

describe('what others write to stdout directly', () => {
  test('is masked, commanded or shown by the same discipline while dbt runs', () => {
    const { writer, stream, text } = captured()
    const foreign = writer.foreign()
    foreign.write(Buffer.from('dbt says'), 'stdout')
    stream.write(`::add-mask::${SECRET.replace('+', '%2B')}%25\n`)
    stream.write(`::debug::got ${SECRET}`)
    stream.write(Buffer.from('\n'))
    stream.write('::set-env name=A::b\r\n##[error]x\n')
    foreign.end()
    const log = renderLog(text(), { debug: true })
    expect([...new Set(commandsIn(text()))]).toEqual(['add-mask', 'debug'])
    expect(log.commands.find((command) => command.name === 'add-mask')?.data).toBe(
      `${SECRET.replace('+', '%2B')}%`,
    )
    expect(log.text).toContain('\\::set-env name=A::b\n##\\[error]x\n')
    expect(log.stopped).toBe(false)
  })

  test('calls back, and is given back whole when disposed of', async () => {
    const { stream, own, text } = captured()
    const taken = stream.write
    await new Promise<void>((resolve) => void stream.write('half', () => resolve()))
    expect(text()).toBe('')
    own[Symbol.dispose]()
    expect(text()).toBe('half\n')
    expect(stream.write).not.toBe(taken)
  })

  test('lets the text of the writer itself through', () => {
    let text = ''
    const original = ((chunk: string) => {
      text += chunk
      return true
    }) as NodeJS.WriteStream['write']
    const stream = { write: original }
    const writer = createWriter({
      write: (more) => void stream.write(more),
      colour: false,
      random: () => 'a'.repeat(64),
    })
    using _ = writer.own(stream)
    writer.line('ours')
    stream.write('theirs\n')
    expect(text).toBe('ours\ntheirs\n')
  })
})

describe('lines and groups of ours', () => {
  test('are coloured line by line, and only where colours are welcome', () => {
    const coloured = desk(true)
    coloured.writer.line('a\n\nb', 'bad')
    coloured.writer.line('c')
    expect(coloured.text()).toBe('\u001b[31ma\u001b[0m\n\n\u001b[31mb\u001b[0m\nc\n')
    const plain = desk()
    plain.writer.line('a', 'bad')
    expect(plain.text()).toBe('a\n')
  })

  test('do not nest groups and close them', () => {
    const { writer, text } = desk()
    writer.group('one\n::error::x')
    writer.line('x')
    writer.group('two')
    writer.close()
    writer.endGroup()
    expect(text()).toBe('::group::one%0A::error::x\nx\n::endgroup::\n::group::two\n::endgroup::\n')
  })

  test('break the line of dbt that they come into', () => {
    const { writer, text } = desk()
    const foreign = writer.foreign()
    foreign.write(Buffer.from('half\n:'), 'stdout')
    writer.line('ours')
    foreign.write(Buffer.from('::error::x\n'), 'stdout')
    writer.warning('w')
    foreign.end()
    expect(text()).toContain('half\n:\nours\n\\::error::x\n')
    expect(commandsIn(text())).toEqual(['warning'])
  })
})
