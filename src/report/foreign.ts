import { neutraliser } from './neutralise.ts'
import type { Scrubber } from './scrub.ts'

/** The way in for the bytes of a child process. */
export interface Foreign {
  write(bytes: Uint8Array, stream: 'stdout' | 'stderr'): void
  /** Breaks the line, so that something of ours can be printed between. */
  pause(): void
  /** Prints what is held back and lets the runner take commands again, whatever happens; again is harmless. */
  end(): void
}

/** What foreign text needs of the writer. */
export interface Outlet {
  readonly emit: (text: string) => void
  readonly endLine: () => void
  readonly scrubber: () => Scrubber
}

interface Source {
  readonly decoder: InstanceType<typeof TextDecoder>
  readonly scrubber: Scrubber
}

/** Bytes to text, secrets out, commands out, in this order: what a scrubbed text becomes is neutralised, too. */
export function foreignText(outlet: Outlet, after: () => void): Foreign {
  // A fresh decoder per stream: a character may be cut in two, and the streams are cut independently.
  const source = (): Source => ({
    decoder: new TextDecoder('utf-8', { ignoreBOM: true }),
    scrubber: outlet.scrubber(),
  })
  const sources = { stdout: source(), stderr: source() }
  const neutral = neutraliser()
  let current: keyof typeof sources = 'stdout'
  let ended = false

  const pause = (): void => {
    outlet.emit(neutral.flush())
    outlet.endLine()
  }
  const print = (text: string, stream: keyof typeof sources): void => {
    if (text === '') return
    // Two streams never share a line: neither a secret nor a command can be put together from both.
    if (stream !== current) pause()
    current = stream
    outlet.emit(neutral.push(text))
  }
  const finish = (stream: keyof typeof sources): void => {
    const { decoder, scrubber } = sources[stream]
    print(scrubber.push(decoder.decode()) + scrubber.flush(), stream)
  }
  return {
    write(bytes, stream) {
      if (ended) return
      const { decoder, scrubber } = sources[stream]
      print(scrubber.push(decoder.decode(bytes, { stream: true })), stream)
    },
    pause,
    end() {
      if (ended) return
      ended = true
      try {
        finish('stdout')
        finish('stderr')
        pause()
      } finally {
        after()
      }
    },
  }
}
