import { describe, expect, test } from '@jest/globals'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { endProcess, identify, identityText, parseIdentity } from '../src/process.ts'

describe('the identity of a process', () => {
  test('survives the state', () => {
    const own = identify(process.pid)
    expect(own).toMatchObject({ pid: process.pid, started: expect.stringMatching(/./) })
    expect(own && parseIdentity(identityText(own))).toEqual(own)
  })

  test.each(['', '1 5', '0 5', '-1 5', '01', '5', '5 ', ' 5 5', '5e3 5', '99999999999 5'])(
    'is not read from "%s", which could mean others',
    (text) => expect(parseIdentity(text)).toBeUndefined(),
  )

  test('is none once the process has ended', async () => {
    const child = spawn(process.execPath, ['-e', ''], { stdio: 'ignore' })
    const identity = identify(child.pid ?? 0)
    expect(identity).toBeDefined()
    await once(child, 'exit')
    expect(identify(child.pid ?? 0)).toBeUndefined()
    expect(identity && (await endProcess(identity))).toBe('absent')
  })
})
