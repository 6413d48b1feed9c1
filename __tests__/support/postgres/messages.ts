// PostgreSQL's frontend/backend protocol 3.0, as far as a front needs it:
// https://www.postgresql.org/docs/current/protocol-message-formats.html
import type { Duplex } from 'node:stream'

/** Requests that come in place of a startup message. */
export const SSL_REQUEST = 80_877_103
export const GSS_REQUEST = 80_877_104
export const CANCEL_REQUEST = 80_877_102

/** A message: its type (empty for a startup message) and its body without type and length. */
export interface Message {
  readonly type: string
  readonly body: Buffer
}

function ignore(): void {}

/** Reads messages one at a time from a stream that is paused in between. */
export function readerOf(stream: Duplex) {
  let held = Buffer.alloc(0)
  let ended = false
  let wake = ignore
  const onData = (chunk: Buffer): void => {
    held = Buffer.concat([held, chunk])
    wake()
  }
  const onEnd = (): void => {
    ended = true
    wake()
  }
  stream.on('data', onData).on('end', onEnd).on('close', onEnd).on('error', onEnd)
  const need = async (size: number): Promise<Buffer | undefined> => {
    while (held.length < size) {
      if (ended) return undefined
      await new Promise<void>((resolve) => (wake = resolve))
    }
    const bytes = held.subarray(0, size)
    held = held.subarray(size)
    return bytes
  }
  return {
    /** Undefined when the other side is gone. */
    async next(startup = false): Promise<Message | undefined> {
      const type = startup ? '' : (await need(1))?.toString()
      const length = (await need(4))?.readUInt32BE()
      if (type === undefined || length === undefined) return undefined
      const body = await need(length - 4)
      return body && { type, body }
    },
    /** Gives the stream back, with what was read too far. */
    release(): Buffer {
      stream.off('data', onData).off('end', onEnd).off('close', onEnd)
      stream.pause()
      return held
    },
  }
}

/** A message on the wire. */
export function message(type: string, body: Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(body.length + 4)
  return Buffer.concat([Buffer.from(type), length, body])
}

/** The parameters of a startup message, behind its four bytes of version. */
export function parametersOf(body: Buffer): Map<string, string> {
  const texts = body.subarray(4).toString().split('\0')
  const pairs = new Map<string, string>()
  for (let at = 0; at + 1 < texts.length && texts[at] !== ''; at += 2)
    pairs.set(texts[at] ?? '', texts[at + 1] ?? '')
  return pairs
}

/** A startup message of version 3.0. */
export function startup(parameters: ReadonlyMap<string, string>): Buffer {
  const texts = [...parameters].flat().map((one) => `${one}\0`)
  return message('', Buffer.concat([Buffer.from([0, 3, 0, 0]), Buffer.from(`${texts.join('')}\0`)]))
}

/** FATAL with a code of SQLSTATE. */
export function fatal(code: string, text: string): Buffer {
  return message('E', Buffer.from(`SFATAL\0VFATAL\0C${code}\0M${text}\0\0`))
}

/** Asks for the password as it is, which is how RDS and Redshift take theirs, within TLS. */
export const CLEARTEXT = message('R', Buffer.from([0, 0, 0, 3]))

/** Redshift's own: asks for the token of an identity provider, which comes as a message of type `i`. */
export const TOKEN = message('R', Buffer.from([0, 0, 0, 14]))
