/** The part of `process.stdout` that is taken over. */
export type Stream = Pick<NodeJS.WriteStream, 'write'>

type Done = (error?: Error | null) => void

/** Hands over each line that others write to the stream; what is written while `passing` goes through untouched. */
export function captureLines(
  stream: Stream,
  take: (line: string) => void,
  passing: () => boolean,
): Disposable {
  const original = stream.write
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  let rest = ''
  const lines = (text: string): void => {
    const parts = (rest + text).split('\n')
    rest = parts.pop() ?? ''
    for (const part of parts) take(part.replace(/\r$/, ''))
  }
  const write = (chunk: Uint8Array | string, second?: BufferEncoding | Done, third?: Done): boolean => {
    const done = typeof second === 'function' ? second : third
    if (passing()) return original.call(stream, chunk, undefined, done)
    lines(typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true }))
    if (done) queueMicrotask(() => done())
    return true
  }
  stream.write = write
  return {
    [Symbol.dispose]() {
      if (stream.write === write) stream.write = original
      if (rest !== '') take(rest)
      rest = ''
    },
  }
}
