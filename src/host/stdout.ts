import { once } from 'node:events'
import type { Output } from '../report/writer.ts'

/** The way to standard output, taken before anybody else takes its `write` over. */
export type Stdout = Required<Pick<Output, 'write' | 'room' | 'allRead'>>

/** A pipe takes as much as its reader does; what is written beyond that waits in our memory, and ends with us. */
export function stdout(stream: NodeJS.WriteStream = process.stdout): Stdout {
  const write = stream.write.bind(stream)
  return {
    write: (text) => void write(text),
    room: () => (stream.writableNeedDrain ? once(stream, 'drain').then(() => undefined) : undefined),
    allRead: () => new Promise((resolve) => void write('', () => resolve())),
  }
}
