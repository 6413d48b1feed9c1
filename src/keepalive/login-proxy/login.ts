import { gunzipSync } from 'node:zlib'
import * as z from 'zod/mini'

/** A login as the driver sends it is some kilobytes. */
export const LARGEST_LOGIN = 256 * 1024
/** Packed, it could be a thousand times as large. */
const LARGEST_UNPACKED = 1024 * 1024

const login = z.looseObject({
  data: z.looseObject({
    AUTHENTICATOR: z.literal('WORKLOAD_IDENTITY'),
    PROVIDER: z.literal('OIDC'),
    TOKEN: z.string(),
  }),
})

/** A login by workload identity, with the token that was given and with another in its place. */
export interface Login {
  readonly token: string
  readonly with: (token: string) => Buffer
}

/** Reads the body of a login request; undefined for anything else. */
export function readLogin(body: Buffer, encoding: string | undefined): Login | undefined {
  const text = unpacked(body, encoding)
  if (text === undefined) return undefined
  try {
    const read = login.safeParse(JSON.parse(text))
    if (!read.success) return undefined
    const { data } = read
    return {
      token: data.data.TOKEN,
      // By its place and not by its text: whoever writes the placeholder into a query tag must not read a token there.
      with: (token) => Buffer.from(JSON.stringify({ ...data, data: { ...data.data, TOKEN: token } })),
    }
  } catch {
    return undefined
  }
}

/** A body as text; undefined where it is packed in a way that the driver does not use, or larger than it can be. */
export function unpacked(
  body: Buffer,
  encoding: string | undefined,
  most = LARGEST_UNPACKED,
): string | undefined {
  const way = encoding?.trim().toLowerCase() ?? ''
  if (way === '' || way === 'identity') return body.toString('utf8')
  if (way !== 'gzip') return undefined
  try {
    return gunzipSync(body, { maxOutputLength: most }).toString('utf8')
  } catch {
    return undefined
  }
}
