// Asks the broker one hundred times a second for so many seconds (600), with an outage in each minute: none may be refused.
import { Agent, get } from 'node:http'
import { setTimeout } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { openBroker } from '../../src/keepalive/broker.ts'
import { createPresent } from '../../src/keepalive/present.ts'
import { task } from '../task.ts'

const RATE = 100
/** Milliseconds that what is served lives, that buying it takes, and that nothing can be bought of each minute. */
const [LIFE, BUYING, OUTAGE] = [30_000, 50, 10_000]

interface Token {
  readonly text: string
  readonly at: number
}

setFlagsFromString('--expose-gc')
const collect: unknown = runInNewContext('gc')

await task(async () => {
  const seconds = Number(process.argv[2] ?? 600)
  const counts = { asked: 0, served: 0, bought: 0, failed: 0 }
  const started = Date.now()
  const served = createPresent<Token>({
    async buy() {
      await setTimeout(BUYING)
      if ((Date.now() - started) % 60_000 > 60_000 - OUTAGE) throw new Error('away')
      return { text: `token ${(counts.bought += 1)}`.padEnd(1500, '.'), at: Date.now() }
    },
    life: ({ at }) => ({ boughtAt: new Date(at), expiresAt: new Date(at + LIFE) }),
    now: () => new Date(),
    share: 0.95,
    failed: () => void (counts.failed += 1),
  })
  const answer = async (): Promise<unknown> => ({ value: (await served()).text })
  await using broker = await openBroker(new Map([['/id-token', answer]]))
  // Half of the drivers keep their connection, and half open one for each request.
  const agents = [new Agent({ keepAlive: true, maxSockets: 16 }), new Agent({ keepAlive: false })]
  const ask = (agent: Agent | undefined): void => {
    counts.asked += 1
    get(
      `${broker.origin}/id-token`,
      { ...(agent && { agent }), headers: { authorization: broker.authorization } },
      (res) => {
        res.resume()
        if (res.statusCode === 200) counts.served += 1
      },
    ).on('error', () => undefined)
  }
  // The first minute fills caches that stay.
  const early = Math.min(60, seconds / 10)
  for (let at = 0; at < seconds * RATE; at += 1) {
    ask(agents[at % 2])
    if (at === Math.floor(early * RATE)) console.log(`after ${early} s: ${memory()}`)
    await setTimeout(Math.max(0, started + ((at + 1) * 1000) / RATE - Date.now()))
  }
  await setTimeout(1000)
  for (const agent of agents) agent.destroy()
  console.log(`after ${seconds} s: ${memory()}`)
  console.log(
    `${counts.asked} asked, ${counts.served} served, ${counts.asked - counts.served} refused; ${counts.bought} bought, ${counts.failed} times in vain`,
  )
  return counts.asked === counts.served ? 0 : 1
})

/** What is in use after a collection; RSS alone also holds what the collector has not yet given back. */
function memory(): string {
  if (typeof collect === 'function') collect()
  const { rss, heapUsed } = process.memoryUsage()
  return `RSS ${megabytes(rss)} MB, heap in use ${megabytes(heapUsed)} MB`
}

function megabytes(bytes: number): string {
  return (bytes / 1_000_000).toFixed(1)
}
