import type { Writable } from 'node:stream'

/**
 * Waits until all that was written to a stream is taken, and tells what hindered it. A slow reader is waited for as long
 * as it takes a piece now and then; one that takes none of them for so many milliseconds is not.
 */
export async function allTaken(
  stream: Pick<Writable, 'writableLength'>,
  write: Writable['write'],
  patience: number,
): Promise<Error | undefined> {
  let watch: NodeJS.Timeout | undefined
  const stalled = new Promise<Error>((resolve) => {
    if (patience === Infinity) return
    let waiting = stream.writableLength
    watch = setInterval(() => {
      if (stream.writableLength >= waiting) resolve(new Error('Nobody reads standard output.'))
      waiting = stream.writableLength
    }, patience)
  })
  const taken = new Promise<Error | undefined>((resolve) => {
    write('', (error) => resolve(error ?? undefined))
  })
  try {
    return await Promise.race([taken, stalled])
  } finally {
    clearInterval(watch)
  }
}
