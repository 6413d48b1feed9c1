import { createHash } from 'node:crypto'
import * as z from 'zod/mini'

/** The sessions that were opened through one proxy: nothing else of what it passes on may speak to the account. */
export interface Sessions {
  /** Learns the tokens of an answer to a login or a renewal, and returns those that are new. */
  learn(answer: string): readonly string[]
  /** Whether a request's `Authorization` is of one of them. */
  admits(authorization: string | undefined): boolean
}

const token = z.optional(z.nullable(z.string()))
/** A login names its session `token`, a renewal `sessionToken`; both name the master token, which renews. */
const opened = z.looseObject({
  data: z.looseObject({ token, sessionToken: token, masterToken: token }),
})

/** No session yet. Tokens are kept as digests: what is looked up tells nothing by the time that it takes. */
export function openSessions(): Sessions {
  const known = new Set<string>()
  return {
    learn(answer) {
      const { token, sessionToken, masterToken } = tokensIn(answer)
      const given = [token, sessionToken, masterToken].filter((one) => typeof one === 'string' && one !== '')
      const fresh = [...new Set(given)].filter(
        (one): one is string => typeof one === 'string' && !known.has(digest(one)),
      )
      for (const one of fresh) known.add(digest(one))
      return fresh
    },
    admits(authorization) {
      const [, given] = /^Snowflake Token="([^"]+)"$/.exec(authorization ?? '') ?? []
      return given !== undefined && known.has(digest(given))
    },
  }
}

function tokensIn(answer: string): z.infer<typeof opened>['data'] {
  try {
    const read = opened.safeParse(JSON.parse(answer))
    return read.success ? read.data.data : {}
  } catch {
    return {} // a proxy's error page, say: it opens nothing
  }
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
