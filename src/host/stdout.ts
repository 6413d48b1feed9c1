import { once } from 'node:events'
import type { Output } from '../report/writer.ts'
import { codeOf } from '../retry.ts'
import { allTaken } from './all-taken.ts'

/** The way to standard output, taken before anybody else takes its `write` over. */
export type Stdout = Required<Pick<Output, 'write' | 'room' | 'allRead'>>

/** Who reads it. */
export interface Reading {
  /** A person's reader: it may go before the end (`| head`) and ends nothing by it, or rest for as long as it likes (`| less`). */
  readonly mayLeave?: boolean
  /** In milliseconds: who takes nothing for so long once all is said does not read any more. */
  readonly patience?: number
}

// A runner takes what a step says at once; a disk of its own may hold it up, but not for minutes.
const PATIENCE = 120_000

/** A pipe takes as much as its reader does; what is written beyond that waits in our memory, and ends with us. */
export function stdout({ mayLeave = false, patience = PATIENCE }: Reading = {}): Stdout {
  const stream = process.stdout
  const write = stream.write.bind(stream)
  let broken: Error | undefined
  // A stream that breaks with nobody to hear of it would end the process here and now, with nothing cleaned up.
  stream.on('error', (error: Error) => (broken ??= error))
  const gone = (error: unknown): boolean => mayLeave && codeOf(error) === 'EPIPE'
  const drained = async (): Promise<void> => {
    try {
      await once(stream, 'drain')
    } catch (error) {
      if (!gone(error)) throw error
    }
  }
  return {
    write: (text) => void write(text),
    room() {
      if (broken) return gone(broken) ? undefined : Promise.reject(broken)
      return stream.writableNeedDrain ? drained() : undefined
    },
    async allRead() {
      const left = await allTaken(stream, write, mayLeave ? Infinity : patience)
      // Node mends standard output after an error, and then takes an empty text; what broke it has lost words.
      const error = broken ?? left
      return error === undefined || gone(error)
    },
  }
}
