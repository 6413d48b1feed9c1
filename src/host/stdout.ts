import { once } from 'node:events'
import type { Output } from '../report/writer.ts'
import { codeOf } from '../retry.ts'

/** The way to standard output, taken before anybody else takes its `write` over. */
export type Stdout = Required<Pick<Output, 'write' | 'room' | 'allRead'>>

/** Who reads it. */
export interface Reading {
  /** The reader may go before the end (`| head`): nobody is waited for then, and nothing is ended by it. */
  readonly mayLeave?: boolean
}

/** A pipe takes as much as its reader does; what is written beyond that waits in our memory, and ends with us. */
export function stdout({ mayLeave = false }: Reading = {}): Stdout {
  const stream = process.stdout
  const write = stream.write.bind(stream)
  let left = false
  const drained = async (): Promise<void> => {
    try {
      await once(stream, 'drain')
    } catch (error) {
      if (!mayLeave || codeOf(error) !== 'EPIPE') throw error
      // From here on there is never room, and nobody who would make some.
      left = true
    }
  }
  return {
    write: (text) => void write(text),
    room: () => (stream.writableNeedDrain && !left ? drained() : undefined),
    allRead: () => new Promise((resolve) => void write('', () => resolve())),
  }
}
