import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { stripVTControlCharacters } from 'node:util'
import { DbtOidcError } from '../src/errors.ts'
import { annotationOf, failureLines, failureOf } from '../src/report/failure.ts'

const scrub = (text: string): string => text.replaceAll('hunter2', '***')
const lines = (error: unknown, colour = false): readonly string[] => failureLines(error, { colour, scrub })

const denial = new DbtOidcError({
  code: 'no-grant',
  problem: 'No grant lets this run reach prod.',
  remedy: 'Compare the table with your grants:\nwhen:\n  ref: refs/heads/main',
  details: ['claim  expected  actual', '', 'ref    main      mian'],
  cause: new TypeError('the reason', { cause: 'its reason' }),
})

describe('a failure in the log', () => {
  test('gives code and problem, the details, the remedy and, muted, the causes', () => {
    expect(lines(denial)).toEqual([
      '✗ no-grant: No grant lets this run reach prod.',
      '  claim  expected  actual',
      '',
      '  ref    main      mian',
      '→ Compare the table with your grants:',
      '  when:',
      '    ref: refs/heads/main',
      '  caused by TypeError: the reason ← its reason',
    ])
  })

  test('is the same text in colour', () => {
    const coloured = lines(denial, true)
    expect(coloured[0]).toBe('\u001b[1;31m✗ no-grant\u001b[0m: No grant lets this run reach prod.')
    expect(coloured.at(-1)?.startsWith('\u001b[2m')).toBe(true)
    expect(coloured.map(stripVTControlCharacters)).toEqual(lines(denial))
  })

  test.each([
    ['an error', new RangeError('hunter2 is out of range'), 'RangeError: *** is out of range'],
    ['an error without a message', new SyntaxError(''), 'SyntaxError'],
    ['a text', 'hunter2\nbroke', '*** broke'],
    ['a number', 42, '42'],
    ['nothing', undefined, 'undefined'],
    ['null', null, 'null'],
    ['a symbol', Symbol('x'), 'Symbol(x)'],
    ['a bare object', Object.create(null), 'something that is no error was thrown'],
    ['an object that holds a secret', { token: 'hunter2' }, 'something that is no error was thrown'],
  ])('of %s that is not ours is a fault of the action, by class and scrubbed message', (_, thrown, told) => {
    expect(failureOf(thrown, scrub)).toMatchObject({
      code: 'internal',
      problem: `This is a fault of the action: ${told}`,
    })
    expect(lines(thrown).join('\n')).not.toContain('hunter2')
  })

  test('is scrubbed everywhere, even where an error of ours should have been safe', () => {
    const leaky = new DbtOidcError({
      code: 'exchange',
      problem: 'hunter2',
      remedy: 'hunter2',
      details: ['hunter2'],
      cause: new Error('hunter2', { cause: 'hunter2' }),
    })
    expect(lines(leaky).join('\n')).not.toContain('hunter2')
    expect(JSON.stringify(annotationOf(leaky, scrub))).not.toContain('hunter2')
  })

  test('of an error whose cleaning up failed too is about the first', () => {
    const both = new SuppressedError(new Error('revoke failed: hunter2'), denial)
    expect(lines(both)[0]).toBe('✗ no-grant: No grant lets this run reach prod.')
    expect(lines(both).at(-1)).toBe(
      '  caused by (cleaning up failed too: Error: revoke failed: ***) ← TypeError: the reason ← its reason',
    )
  })

  test('cuts its causes at 500 characters and does not follow a circle', () => {
    const round: { cause?: unknown } & Error = new Error('x'.repeat(300))
    round.cause = new Error('y'.repeat(300), { cause: round })
    const last =
      lines(new DbtOidcError({ code: 'file', problem: 'p', remedy: 'r', cause: round })).at(-1) ?? ''
    expect(last.length).toBeLessThanOrEqual('  caused by '.length + 500)
    expect(last.endsWith('…')).toBe(true)
  })

  test('names the first of several causes', () => {
    const cause = new AggregateError([new Error('connect ECONNREFUSED 127.0.0.1:1')], 'all failed')
    expect(lines(new DbtOidcError({ code: 'keys', problem: 'p', remedy: 'r', cause })).at(-1)).toBe(
      '  caused by AggregateError: all failed ← Error: connect ECONNREFUSED 127.0.0.1:1',
    )
  })

  test('puts each line on its own, without foreign colours', () => {
    const told = lines(
      new DbtOidcError({ code: 'dbt', problem: '\u001b[31ma\r\nb', remedy: 'r', details: ['c\nd'] }),
    )
    expect(told).toEqual(['✗ dbt: a', '  b', '  c', '  d', '→ r'])
  })
})

describe('a failure as an annotation', () => {
  test('gives code, problem, details and remedy, and no causes', () => {
    expect(annotationOf(denial, scrub)).toEqual({
      level: 'error',
      title: 'dbt-oidc: no-grant',
      message:
        'No grant lets this run reach prod.\nclaim  expected  actual\n\nref    main      mian\nCompare the table with your grants:\nwhen:\n  ref: refs/heads/main',
    })
  })

  test('is at most 4096 characters long', () => {
    const long = new DbtOidcError({ code: 'dbt', problem: '😀'.repeat(5000), remedy: 'r' })
    const { message } = annotationOf(long, scrub)
    expect(message.length).toBeLessThanOrEqual(4096)
    expect(message.isWellFormed()).toBe(true)
  })
})

describe('on Node.js 20, which knows no SuppressedError', () => {
  const known = globalThis.SuppressedError
  beforeAll(() => void Reflect.deleteProperty(globalThis, 'SuppressedError'))
  afterAll(() => void Object.assign(globalThis, { SuppressedError: known }))

  test('a failure is told as everywhere', () => {
    expect(lines(denial)[0]).toBe('✗ no-grant: No grant lets this run reach prod.')
    expect(lines(new RangeError('x'))[0]).toContain('RangeError: x')
  })

  test('and the first error explains, where cleaning up fails too', () => {
    const both = Object.assign(new Error('both'), {
      name: 'SuppressedError',
      error: new Error('the disk is full'),
      suppressed: denial,
    })
    expect(lines(both)[0]).toBe('✗ no-grant: No grant lets this run reach prod.')
    expect(lines(both).at(-1)).toContain('cleaning up failed too: Error: the disk is full')
  })
})
