import { createStreams } from '../../http.ts'
import { DbtOidcError } from '../../errors.ts'
import { rehearsalOf, rewrite } from '../../rehearsal.ts'

/** In bytes and milliseconds. */
const LARGEST = 64 * 1024 * 1024
const DEADLINE = 120_000

/** Gets the bytes of an address that needs no token. */
export type Download = (address: string) => Promise<Uint8Array>

/** Downloads by our one way out: what GitHub redirects to is signed, and gets no header of ours. */
export function downloads(env: NodeJS.ProcessEnv): Download {
  const rehearsal = rehearsalOf(env['GITHUB_SERVER_URL'] ?? '')
  const streams = createStreams({ rehearsal, env })
  return async (address) => {
    const url = rewrite(rehearsal, address)
    const open = await streams(url)
    const { pathname, search, host } = new URL(url)
    return new Promise((done, failed) => {
      const sent = open({
        path: `${pathname}${search}`,
        headers: { 'user-agent': 'dbt-oidc' },
        signal: AbortSignal.timeout(DEADLINE),
      })
      const give = (why: string): void => failed(unread(host, why))
      sent.on('error', (error) => give(error.message))
      sent.once('response', (answer) => {
        const chunks: Buffer[] = []
        let size = 0
        if (answer.statusCode !== 200) sent.destroy(new Error(`status ${answer.statusCode}`))
        answer.on('data', (chunk: Buffer) => {
          size += chunk.length
          if (size > LARGEST) sent.destroy(new Error(`it is larger than ${LARGEST} bytes`))
          else chunks.push(chunk)
        })
        answer.on('error', (error) => give(error.message))
        answer.once('close', () => (answer.complete ? done(Buffer.concat(chunks)) : give('it was cut off')))
      })
      sent.end()
    })
  }
}

function unread(host: string, why: string): DbtOidcError {
  return new DbtOidcError({
    code: 'exchange-unavailable',
    problem: `${host} does not give it: ${why}.`,
    remedy: 'Run the command again.',
  })
}
