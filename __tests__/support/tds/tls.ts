import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'
import type { Certificate } from '../certificate.ts'
import { messages, send, TYPE } from './packets.ts'

/** TLS as TDS 7 has it: the handshake travels in packets of its own, and what follows it does not (2.2.6.5, 3.2.5.1). */
export function secured(socket: Socket, { cert, key }: Certificate): TLSSocket {
  let wrapped = true
  const gather = messages()
  const inside = new Duplex({
    read: () => undefined,
    write(chunk: Buffer, _encoding, done) {
      if (wrapped) send(socket, TYPE.prelogin, chunk)
      else socket.write(chunk)
      done()
    },
  })
  socket.on('data', (chunk: Buffer) => {
    if (!wrapped) return void inside.push(chunk)
    // A client may say its first word at once: only the first byte tells a packet of ours from a record of TLS.
    if (chunk[0] !== TYPE.prelogin) {
      wrapped = false
      return void inside.push(chunk)
    }
    for (const { data } of gather(chunk)) inside.push(data)
  })
  socket.on('close', () => inside.push(null))
  // The newer TLS goes on shaking hands afterwards, for which this way has no place.
  const tls = new TLSSocket(inside, { isServer: true, cert, key, maxVersion: 'TLSv1.2' })
  tls.on('secure', () => setImmediate(() => (wrapped = false)))
  return tls
}
