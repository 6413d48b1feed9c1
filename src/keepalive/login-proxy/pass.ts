import type { IncomingMessage, ServerResponse } from 'node:http'
import type { OpenStream } from '../../http.ts'
import { codeOf } from '../../retry.ts'
import { endToEnd, framing } from './headers.ts'

/** An answer that holds session tokens is some hundred kilobytes. */
const LARGEST_READ = 8 * 1024 * 1024

/** One request of the driver, and the way to the one host that it may reach. */
export interface Passing {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly open: OpenStream
  /** Host, with its port where that is not the usual one. */
  readonly host: string
  /** In place of what the driver sends. */
  readonly body?: Buffer
  /** Reads the whole answer before the driver does, as it came: packed where `encoding` says so. */
  readonly reading?: (answer: Buffer, encoding: string | undefined) => void
  /** Told why the host did not answer. */
  readonly unreachable: (cause: Error) => void
}

/**
 * Sends a request on and its answer back, as the bytes come and no faster than they are taken. No redirect is followed.
 * Where either side breaks off, so does the other.
 */
export function pass(passing: Passing): void {
  const { req, res, open, body } = passing
  const sent = open({ method: req.method ?? 'GET', path: req.url ?? '/', headers: headersOf(passing) })
  let answered = false
  sent.once('response', (answer: IncomingMessage) => {
    answered = true
    answer.once('error', () => breakOff(req))
    if (passing.reading) readFirst(answer, passing, passing.reading)
    else {
      begin(answer, res)
      answer.pipe(res)
    }
  })
  sent.on('error', (error) => {
    if (answered || res.destroyed) return
    const code = codeOf(error)
    // What was cut off on the way is cut off for the driver, too: it tries again by its own rules.
    if (code === 'ECONNRESET' || code === 'EPIPE') return breakOff(req)
    passing.unreachable(error)
    res.writeHead(502, { connection: 'close' }).end()
  })
  // A driver that cancels hangs up, and the other side is to stop working for it.
  res.once('close', () => sent.destroy())
  if (body) sent.end(body)
  else req.pipe(sent)
}

function headersOf({ req, host, body, reading }: Passing): string[] {
  const own = body ? ['content-encoding', 'content-length'] : []
  const headers = endToEnd(req.rawHeaders, 'host', ...own, ...(reading ? ['accept-encoding'] : []))
  const length = body ? ['Content-Length', String(body.length)] : framing(req.rawHeaders)
  return ['Host', host, ...headers, ...length]
}

function begin(answer: IncomingMessage, res: ServerResponse): void {
  res.sendDate = false
  res.writeHead(answer.statusCode ?? 502, answer.statusMessage ?? '', endToEnd(answer.rawHeaders))
}

function readFirst(
  answer: IncomingMessage,
  { res }: Passing,
  reading: (answer: Buffer, encoding: string | undefined) => void,
): void {
  const chunks: Buffer[] = []
  let size = 0
  answer.on('data', (chunk: Buffer) => {
    size += chunk.length
    if (size > LARGEST_READ) answer.destroy(new Error('the answer is too large'))
    else chunks.push(chunk)
  })
  answer.once('end', () => {
    const whole = Buffer.concat(chunks)
    reading(whole, answer.headers['content-encoding'])
    begin(answer, res)
    res.end(whole)
  })
}

function breakOff(req: IncomingMessage): void {
  req.socket.resetAndDestroy()
}
