import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import * as z from 'zod/mini'
import { startIssuer, type Issuer } from '../../__tests__/support/issuer.ts'
import { tokenEnv } from '../../__tests__/support/step-env.ts'
import { openLoad, type Asked } from './load.ts'

/** How long a soak takes, and what it asks of the broker. */
export interface Soak {
  readonly seconds: number
  readonly rate: number
  /** Seconds that a token lives. */
  readonly life: number
  /** Whether GitHub is away, by the seconds since the first question and the requests for a token since then. */
  readonly away: (seconds: number, requests: number) => boolean
  /** Goes on until GitHub has given so many tokens, also where that takes longer than `seconds`. */
  readonly least?: number
  /** Seconds after which memory is looked at for the first time, and between two looks. */
  readonly look: number
}

/** What came of it. */
export interface Soaked extends Asked {
  /** Tokens that GitHub gave, those of them that were asked for sooner than the life of the last demands, and audit lines. */
  readonly minted: number
  readonly early: number
  readonly onRecord: number
  /** Requests that GitHub did not answer. */
  readonly away: number
  readonly memory: readonly Memory[]
}

/** Of the broker's process after a collection, in bytes. */
export interface Memory {
  readonly at: number
  readonly rss: number
  readonly heap: number
  /** Of the heap, the forms of all tokens so far, by which they are hidden should dbt print them. */
  readonly hidden: number
}

/** Of a token's life when the broker still hands it out: `YOUNG` of src/access/hook.ts. */
const HANDED_OUT = 0.05

const opened = z.object({ url: z.string(), authorization: z.string() })
const looked = z.object({ rss: z.number(), heap: z.number(), hidden: z.number() })

/** Asks a broker in a process of its own for so long, and tells what it answered and how it fared. */
export async function soak(how: Soak, tell: (memory: Memory) => void = () => undefined): Promise<Soaked> {
  const directory = mkdtempSync(join(tmpdir(), 'dbt-oidc-soak-'))
  await using issuer = await startIssuer({ claims: { environment: 'production' }, ttl: how.life })
  // Nobody is away before the first question: how long a process takes to start is not what is looked at.
  let started = Number.POSITIVE_INFINITY
  const seconds = (): number => (Date.now() - started) / 1000
  let requests = 0
  const github = watch(issuer, () => seconds() >= 0 && how.away(seconds(), (requests += 1)))
  const child = fork(join(import.meta.dirname, 'broker.ts'), {
    env: environment(issuer, directory),
    execArgv: ['--disable-warning=ExperimentalWarning'],
    // It prints a mask for each token, as a step does.
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  try {
    const { url, authorization } = opened.parse(await answerOf(child))
    const load = openLoad(url, authorization)
    started = Date.now()
    const memory: Memory[] = []
    const enough = (asked: number): boolean =>
      asked >= how.seconds * how.rate && issuer.minted.length >= (how.least ?? 0)
    for (let asked = 0; !enough(asked); asked += 1) {
      load.ask()
      if (seconds() >= (memory.length + 1) * how.look) {
        child.send('memory')
        const one = { at: seconds(), ...looked.parse(await answerOf(child)) }
        memory.push(one)
        tell(one)
      }
      await setTimeout(Math.max(0, started + ((asked + 1) * 1000) / how.rate - Date.now()))
    }
    const asked = await load.end()
    const closed = once(child, 'exit')
    child.send('end')
    await closed
    const audit = readFileSync(join(directory, 'dbt-oidc-audit.jsonl'), 'utf8')
    return {
      ...asked,
      minted: issuer.minted.length,
      early: earlyOf(github.gave, how.life),
      onRecord: audit.split('\n').filter((line) => line.includes('"use":"keep-alive"')).length,
      away: github.away(),
      memory,
    }
  } finally {
    child.kill('SIGKILL')
    rmSync(directory, { recursive: true, force: true })
  }
}

function watch(issuer: Issuer, isAway: () => boolean) {
  const gave: number[] = []
  let away = 0
  issuer.always('idtoken', (_request, response, proceed) => {
    if (isAway()) {
      away += 1
      return void response.writeHead(503).end()
    }
    gave.push(Date.now())
    proceed()
  })
  return { gave, away: () => away }
}

/** GitHub writes whole seconds into a token, and its life is counted from those. */
function earlyOf(gave: readonly number[], life: number): number {
  return gave.filter((at, index) => {
    const before = gave[index - 1]
    return before !== undefined && at < Math.floor(before / 1000) * 1000 + HANDED_OUT * life * 1000
  }).length
}

async function answerOf(child: ChildProcess): Promise<unknown> {
  const gone = new AbortController()
  try {
    const message = once(child, 'message', { signal: gone.signal })
    const exit = once(child, 'exit', { signal: gone.signal }).then(() => {
      throw new Error('the broker ended before its time')
    })
    message.catch(() => undefined)
    exit.catch(() => undefined)
    const [answer]: unknown[] = await Promise.race([message, exit])
    return answer
  } finally {
    gone.abort()
  }
}

function environment(issuer: Issuer, directory: string): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    ...tokenEnv(issuer),
    GITHUB_SERVER_URL: issuer.serverUrl,
    GITHUB_REPOSITORY: 'o/r',
    GITHUB_WORKSPACE: directory,
    RUNNER_TEMP: directory,
  }
}
