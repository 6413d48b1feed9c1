import type { Handler } from './issuer-server.ts'

/** Answers with a status and, if given, headers and a body. */
export function status(code: number, headers: Readonly<Record<string, string>> = {}, body = ''): Handler {
  return (_req, res) => res.writeHead(code, headers).end(body)
}

/** Answers 200 with a body as it is, JSON unless told otherwise. */
export function body(text: string, type = 'application/json'): Handler {
  return (_req, res) => res.writeHead(200, { 'content-type': type }).end(text)
}

/** Answers 200 with a token endpoint's JSON around any value. */
export function value(content: unknown): Handler {
  return body(JSON.stringify({ count: 1, value: content }))
}

/** A login page where JSON was expected. */
export const html: Handler = body('<!DOCTYPE html><html><body>Sign in</body></html>', 'text/html')

/** Drops the connection without a byte. */
export const reset: Handler = (req) => {
  req.socket.resetAndDestroy()
}

/** Promises 100 bytes, sends 11, drops the connection. */
export const truncated: Handler = (_req, res) => {
  res.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' })
  res.write('{"value":"a', () => res.destroy())
}

/** Takes the request and never says a word. */
export const hang: Handler = () => undefined

/** Sends the headers and one byte, then nothing. */
export const slow: Handler = (_req, res) => {
  res.writeHead(200, { 'content-type': 'application/json' }).write('{')
}

/** Sends another address instead of an answer. */
export function redirect(location: string): Handler {
  return status(302, { location })
}

/** Sends so many bytes of one JSON text. */
export function flood(bytes: number): Handler {
  return body(`{"value":"${'a'.repeat(bytes)}"}`)
}
