import { expect, test } from '@jest/globals'
import { lastWords } from '../src/last-words.ts'

const unread = new Promise<void>(() => undefined)

/** Whether the last words of a run are waited for no more, once `what` has happened to it. */
async function isOver(allRead: Promise<void>, what: 'nothing' | 'cancel' | 'kill'): Promise<boolean> {
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
  expect(await isOver(Promise.resolve(), 'nothing')).toBe(true)
  expect(await isOver(unread, 'nothing')).toBe(false)
})

test('a run that is cancelled ends, though nobody reads what it says last', async () => {
  expect(await isOver(unread, 'cancel')).toBe(true)
})

test('a run that somebody will not wait for ends at once, though nobody reads', async () => {
  expect(await isOver(unread, 'kill')).toBe(true)
})
