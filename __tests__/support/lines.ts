import { setTimeout as sleep } from 'node:timers/promises'

/** Lines as they come, for one reader; a second loop goes on where the first stopped. */
export interface LiveLines extends AsyncIterable<string> {
  readonly push: (chunk: string) => void
  readonly end: () => void
}

/** Cuts chunks into lines while they arrive. */
export function liveLines(): LiveLines {
  const ready: string[] = []
  let rest = ''
  let ended = false
  let wake: (() => void) | undefined
  const notify = (): void => {
    wake?.()
    wake = undefined
  }
  const next = async (): Promise<IteratorResult<string, undefined>> => {
    for (;;) {
      const value = ready.shift()
      if (value !== undefined) return { done: false, value }
      if (ended) return { done: true, value: undefined }
      await new Promise<void>((resolve) => (wake = resolve))
    }
  }
  return {
    push(chunk) {
      const cut = chunk.lastIndexOf('\n') + 1
      // One endless line must not be searched again with each chunk.
      if (cut > 0) ready.push(...(rest + chunk.slice(0, cut - 1)).split('\n'))
      rest = cut > 0 ? chunk.slice(cut) : rest + chunk
      notify()
    },
    end() {
      if (rest !== '') ready.push(rest)
      rest = ''
      ended = true
      notify()
    },
    // Without `return`, so that leaving a loop early does not end the lines.
    [Symbol.asyncIterator]: () => ({ next }),
  }
}

/** Reads on until a line matches and returns it; throws if none does. */
export async function until(lines: AsyncIterable<string>, pattern: RegExp): Promise<string> {
  const seen: string[] = []
  for await (const line of lines) {
    if (pattern.test(line)) return line
    seen.push(line)
  }
  throw new Error(`the output ended without a line like ${String(pattern)}:\n${seen.join('\n')}`)
}

/** Waits until something holds; how soon is not the question. */
export async function becomes(holds: () => boolean): Promise<void> {
  const end = performance.now() + 45_000
  while (!holds()) {
    if (performance.now() > end) throw new Error('it did not come true')
    await sleep(50)
  }
}
