const LIMIT = 65_536

/** The end of a stream of bytes, however long that becomes. */
export interface Tail {
  add(this: void, bytes: Buffer): void
  text(): string
}

/** Keeps the last 64 KiB. */
export function tail(): Tail {
  let chunks: Buffer[] = []
  let length = 0
  return {
    add(bytes) {
      chunks.push(bytes.length > LIMIT ? Buffer.from(bytes.subarray(-LIMIT)) : bytes)
      length += Math.min(bytes.length, LIMIT)
      if (length < 2 * LIMIT && chunks.length < 1024) return
      chunks = [Buffer.concat(chunks).subarray(-LIMIT)]
      length = chunks[0]?.length ?? 0
    },
    text: () => Buffer.concat(chunks).subarray(-LIMIT).toString(),
  }
}
