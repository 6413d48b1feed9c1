import type { Socket } from 'node:net'

// [MS-TDS], the protocol of SQL Server: https://learn.microsoft.com/openspecs/windows_protocols/ms-tds.

/** Types of packets (2.2.3.1.1). */
export const TYPE = { batch: 1, rpc: 3, reply: 4, attention: 6, login: 16, prelogin: 18 } as const

/** A whole message of one type. */
export interface Message {
  readonly type: number
  readonly data: Buffer
}

const HEADER = 8
const LAST = 1
/** Bytes of a packet, as both sides take it for granted before a login. */
const LONGEST = 4096

/** Gathers packets to messages. */
export function messages(): (chunk: Buffer) => Message[] {
  let pending = Buffer.alloc(0)
  let body: Buffer[] = []
  return (chunk) => {
    pending = Buffer.concat([pending, chunk])
    const whole: Message[] = []
    for (;;) {
      const length = pending.length < HEADER ? Infinity : pending.readUInt16BE(2)
      if (pending.length < length) return whole
      const [type = 0, status = 0] = pending
      body.push(pending.subarray(HEADER, length))
      pending = pending.subarray(length)
      if ((status & LAST) === 0) continue
      whole.push({ type, data: Buffer.concat(body) })
      body = []
    }
  }
}

/** Writes one message in as many packets as it takes. */
export function send(to: Pick<Socket, 'write'>, type: number, data: Buffer): void {
  for (let at = 0; at === 0 || at < data.length; at += LONGEST - HEADER) {
    const part = data.subarray(at, at + LONGEST - HEADER)
    const header = Buffer.alloc(HEADER)
    header.writeUInt8(type)
    header.writeUInt8(at + part.length >= data.length ? LAST : 0, 1)
    header.writeUInt16BE(HEADER + part.length, 2)
    header.writeUInt8(1, 6)
    to.write(Buffer.concat([header, part]))
  }
}
