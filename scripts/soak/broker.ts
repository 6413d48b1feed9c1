// The process of a step as far as it serves a driver, over a loopback server in GitHub's place. The parent asks by messages.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { policyOf } from '../../__tests__/support/google/bench.ts'
import { configOf } from '../../__tests__/support/config-of.ts'
import { openHook } from '../../src/access/hook.ts'
import { openAudit } from '../../src/audit.ts'
import { audienceOf, wantOf } from '../../src/config/target.ts'
import { openHost } from '../../src/host.ts'
import { ioOf } from '../../src/io.ts'
import { decide } from '../../src/policy.ts'
import { formsOf } from '../../src/report/forms.ts'
import { issuerOf } from '../../src/token/issuer.ts'
import { createTokens } from '../../src/token/tokens.ts'

setFlagsFromString('--expose-gc')
const collect: unknown = runInNewContext('gc')

const over = new AbortController()
const host = openHost(process.env, { signal: over.signal, kill: over.signal })
const { serverUrl } = host.facts
let hidden = 0
/** Each token stays hidden until the end of the step, and that takes its memory. */
const mask = (secret: string): void => {
  for (const form of formsOf(secret).all) hidden += form.length
  host.writer.mask(secret)
}
const config = await configOf({ policy: policyOf({}), serverUrl })
const target = config.targets.get('prod')
if (!target) throw new Error('the policy has no target')
const tokens = createTokens({ ...host, issuer: issuerOf(serverUrl), mask })
const decided = await tokens.decision(audienceOf(target))
const audit = await openAudit(config, host, decided, decide(config.grants, decided.claims))
// A token that GitHub has given when the last question has been answered is put on record all the same.
const underWay = new Set<Promise<unknown>>()
const tracked = <T>(work: Promise<T>): Promise<T> => {
  const over = (): boolean => underWay.delete(settled)
  const settled: Promise<boolean> = work.then(over, over)
  underWay.add(settled)
  return work
}
const around = {
  mint: (audience: string) => tracked(tokens.mint(audience)),
  io: ioOf(host, (line) => host.writer.line(line)),
  onTrade: (trade: Parameters<typeof audit.trade>[1]) => tracked(audit.trade(target, trade)),
}
await using served = await openHook(target, wantOf(target), around, over.signal)
if (!served) throw new Error('no broker could be opened')
const { url, authorization } = served.hook

const ended = Promise.withResolvers<undefined>()
process.on('message', (asked) => {
  if (asked === 'memory') process.send?.(memory())
  else ended.resolve(undefined)
})
process.once('disconnect', () => ended.resolve(undefined))
process.send?.({ url, authorization })
await ended.promise
while (underWay.size > 0) await Promise.all(underWay)
over.abort()
process.disconnect()

/** What is in use after a collection; RSS alone also holds what the collector has not yet given back. */
function memory(): { readonly rss: number; readonly heap: number; readonly hidden: number } {
  if (typeof collect === 'function') collect()
  const { rss, heapUsed } = process.memoryUsage()
  return { rss, heap: heapUsed, hidden }
}
