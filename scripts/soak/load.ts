import { Agent, get, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import * as z from 'zod/mini'

/** What was asked and answered. */
export interface Asked {
  readonly asked: number
  readonly served: number
  /** Answers without a token, and connections that broke. */
  readonly refused: number
  /** Why, in the words of the one who asked. */
  readonly reasons: readonly string[]
  /** Milliseconds of the longest answer, and the age in seconds of the oldest token that was handed out. */
  readonly slowest: number
  readonly oldest: number
}

/** Drivers that ask one broker. */
export interface Load {
  readonly ask: () => void
  /** Waits for the last answer. */
  readonly end: () => Promise<Asked>
}

const answer = z.object({ value: z.string() })
const claims = z.object({ iat: z.number(), exp: z.number() })

/** Half of the drivers would keep their connection, and half open one for each request. */
export function openLoad(url: string, authorization: string): Load {
  const agents = [new Agent({ keepAlive: true, maxSockets: 16 }), new Agent({ keepAlive: false })]
  const under = new Set<Promise<void>>()
  const reasons: string[] = []
  const count = { asked: 0, served: 0, refused: 0, slowest: 0, oldest: 0 }
  const one = async (agent: Agent | undefined): Promise<void> => {
    const began = performance.now()
    try {
      const { iat, exp } = claimsOf(await asked(url, { headers: { authorization }, ...(agent && { agent }) }))
      if (Date.now() >= exp * 1000) throw new Error('this token lives no more')
      count.served += 1
      count.oldest = Math.max(count.oldest, Date.now() / 1000 - iat)
    } catch (error) {
      count.refused += 1
      reasons.push(String(error))
    }
    count.slowest = Math.max(count.slowest, performance.now() - began)
  }
  return {
    ask() {
      const asking = one(agents[count.asked % 2]).finally(() => under.delete(asking))
      count.asked += 1
      under.add(asking)
    },
    async end() {
      await Promise.all(under)
      for (const agent of agents) agent.destroy()
      return { ...count, reasons }
    },
  }
}

function asked(url: string, options: Parameters<typeof get>[1]): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url, options, (response: IncomingMessage) => {
      if (response.statusCode === 200) return resolve(text(response))
      response.resume()
      reject(new Error(`${response.statusCode}`))
    }).on('error', reject)
  })
}

function claimsOf(body: string): z.infer<typeof claims> {
  const { value } = answer.parse(JSON.parse(body))
  const [, payload = ''] = value.split('.')
  return claims.parse(JSON.parse(Buffer.from(payload, 'base64url').toString()))
}
