import type { Output } from './writer.ts'

/** The way to stdout, and whether the runner takes commands from it at the moment. */
export interface Gate {
  emit(text: string): void
  /** Ends the line that is open, if one is. */
  endLine(): void
  /** From here on the runner takes no command but the one that {@link resume} prints. */
  stop(): void
  resume(): void
  /** Prints commands of ours, whether or not commands are stopped. `pause` lets foreign text break off before. */
  aside(lines: readonly string[], pause: () => void): void
  /** Whether `emit` is at work: what reaches the stream now is ours. */
  emitting(): boolean
}

/** Makes the gate, open to commands. */
export function createGate({
  write,
  random,
  inWords = false,
}: Pick<Output, 'write' | 'random' | 'inWords'>): Gate {
  let token: string | undefined
  let busy = false
  let lineOpen = false
  const emit = (text: string): void => {
    if (text === '') return
    busy = true
    try {
      write(text)
    } finally {
      busy = false
    }
    lineOpen = !text.endsWith('\n')
  }
  const endLine = (): void => {
    if (lineOpen) emit('\n')
  }
  const stop = (): void => {
    endLine()
    if (inWords) return
    token = random()
    emit(`::stop-commands::${token}\n`)
  }
  const resume = (): void => {
    endLine()
    if (token !== undefined) emit(`::${token}::\n`)
    token = undefined
  }
  return {
    emit,
    endLine,
    stop,
    resume,
    aside(lines, pause) {
      const stopped = token !== undefined
      if (stopped) pause()
      resume()
      for (const line of lines) emit(`${line}\n`)
      // A new token each time: the old one has been seen by the log.
      if (stopped) stop()
    },
    emitting: () => busy,
  }
}
