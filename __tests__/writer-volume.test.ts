import { describe, expect, test } from '@jest/globals'
import { randomBytes } from 'node:crypto'
import { createWriter } from '../src/report/writer.ts'

const SECRET = `eyJ${randomBytes(30).toString('base64url')}.${randomBytes(60).toString('base64url')}.${randomBytes(90).toString('base64url')}`

const filter = (bytes: Buffer, times: number): { readonly length: number; readonly longest: number } => {
  let length = 0
  let longest = 0
  const writer = createWriter({
    write(text) {
      length += text.length
      longest = Math.max(longest, text.length)
    },
    colour: false,
    random: () => randomBytes(32).toString('hex'),
  })
  writer.mask(SECRET)
  length = 0
  const foreign = writer.foreign()
  for (let turn = 0; turn < times; turn++) foreign.write(bytes, 'stdout')
  foreign.end()
  return { length, longest }
}

describe('volume', () => {
  test('a line of 50 MB goes through in pieces no longer than they came', () => {
    const { length, longest } = filter(Buffer.alloc(65_536, 'x'), 800)
    expect(length).toBeGreaterThan(800 * 65_536)
    expect(longest).toBeLessThanOrEqual(65_536)
  })

  test.each(['\n', ':', '#', '::\n', '##[', 'eyJ', ' ', '\n::'])('8 MB of %j hold nothing up', (unit) => {
    const bytes = Buffer.from(unit.repeat(Math.floor(65_536 / unit.length)))
    expect(filter(bytes, 128).length).toBeGreaterThanOrEqual(bytes.length * 128)
  })
})
