import { expect, test } from '@jest/globals'
import { lastWords } from '../src/last-words.ts'

const unread = new Promise<boolean>(() => undefined)

/** Whether the last words of a run are waited for no more, once `what` has happened to it. */
async function isOver(allRead: Promise<boolean>, what: 'nothing' | 'cancel' | 'kill'): Promise<boolean> {
  const [cancel, kill] = [new AbortController(), new AbortController()]
  const writer = { close: () => undefined, allRead: () => allRead }
  const over = lastWords({ writer, signal: cancel.signal, kill: kill.signal }).then(() => true)
  if (what !== 'nothing') cancel.abort()
  if (what === 'kill') kill.abort()
  // What waits for nobody but a reader settles before this turn of the loop is over, or never.
  return what === 'cancel'
    ? over
    : Promise.race([over, new Promise<boolean>((no) => setImmediate(no, false))])
}

test('a run waits for whoever reads what it says last', async () => {
  expect(await isOver(Promise.resolve(true), 'nothing')).toBe(true)
  expect(await isOver(unread, 'nothing')).toBe(false)
})

test('a run that is cancelled ends, though nobody reads what it says last', async () => {
  expect(await isOver(unread, 'cancel')).toBe(true)
})

test('a run that somebody will not wait for ends at once, though nobody reads', async () => {
  expect(await isOver(unread, 'kill')).toBe(true)
})

test('a run knows whether what it says last was read', async () => {
  const never = new AbortController().signal
  for (const read of [true, false]) {
    const writer = { close: () => undefined, allRead: () => Promise.resolve(read) }
    expect(await lastWords({ writer, signal: never, kill: never })).toBe(read)
  }
  const writer = { close: () => undefined, allRead: () => unread }
  expect(await lastWords({ writer, signal: never, kill: AbortSignal.abort() })).toBe(false)
})
