import { afterEach, describe, expect, test } from '@jest/globals'
import { once } from 'node:events'
import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'
import { openJob } from './support/job.ts'
import { logOf, remainsOf, snowflakeAt } from './support/process.ts'
import type { Scratch } from './support/scratch.ts'
import type { StepOptions, StepResult } from './support/step.ts'

/** What a runner grants a cancelled step, in milliseconds. */
const GRANTED = 7000

const open: { close(): void }[] = []
afterEach(() => {
  for (const server of open.splice(0)) server.close()
})

/** A server on this machine in the place of Snowflake. */
async function serve(listener: RequestListener): Promise<number> {
  const server = createServer(listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  open.push({
    close() {
      server.closeAllConnections()
      server.close()
    },
  })
  const address = server.address()
  return typeof address === 'object' && address ? address.port : 0
}

/** A step whose preflight meets this server; dbt itself is the stub. */
async function preflown(port: number, options: StepOptions = {}): Promise<StepResult> {
  await using job = await openJob({}, {}, { 'dbt-snowflake': '1.12.3' })
  const inputs = { run: 'build', ref: 'refs/heads/main', preflight: 'true', connection: snowflakeAt(port) }
  const step = await job.step({ inputs, ...options })
  expect([step.exitCode, job.dbt.runs().filter(({ command }) => command === 'build')]).toEqual([1, []])
  expect(remainsOf(step)).toEqual([])
  return step
}

describe('a preflight at a Snowflake that is none', () => {
  test('follows no redirect: the token goes to nobody else', async () => {
    const seen: string[] = []
    const stranger = await serve(async (req, res) => {
      const body = await buffer(req)
      seen.push(req.headers['content-encoding'] === 'gzip' ? gunzipSync(body).toString() : body.toString())
      res.writeHead(400).end()
    })
    const port = await serve((_req, res) => {
      res.writeHead(307, { location: `http://127.0.0.1:${stranger}/` }).end()
    })
    await using step = await preflown(port)
    expect(seen).toEqual([])
    expect(logOf(step)).toContain(
      `✗ exchange: 127.0.0.1:${port} answered the login with a redirect (307), which is not followed.`,
    )
  }, 60_000)

  test('reads no answer without an end', async () => {
    const port = await serve((_req, res) => {
      res.writeHead(200, { 'content-type': 'application/json' })
      const more = (): void => {
        while (!res.destroyed && res.write(' '.repeat(65_536)));
      }
      res.on('drain', more)
      more()
    })
    await using step = await preflown(port)
    expect(logOf(step)).toContain(
      `✗ exchange-unavailable: 127.0.0.1:${port} could not be reached: the answer is larger than`,
    )
  }, 60_000)

  test.each(['environment', 'home directory'])(
    'takes no configuration of the %s for a log',
    async (where) => {
      const directory = mkdtempSync(join(tmpdir(), 'logs-'))
      open.push({ close: () => rmSync(directory, { recursive: true }) })
      const logs = join(directory, 'made')
      const port = await serve((_req, res) => {
        res.writeHead(307, { location: 'http://127.0.0.1:9/' }).end()
      })
      const config = JSON.stringify({ common: { log_level: 'TRACE', log_path: logs } })
      const file = join(directory, 'client.json')
      writeFileSync(file, config, { mode: 0o600 })
      await using step = await preflown(
        port,
        where === 'environment'
          ? { env: { SF_CLIENT_CONFIG_FILE: file } }
          : { prepare: ({ home }: Scratch) => copyFileSync(file, join(home, 'sf_client_config.json')) },
      )
      expect(logOf(step)).toContain('answered the login with a redirect (307)')
      expect(existsSync(logs)).toBe(false)
    },
    60_000,
  )

  test.each<NodeJS.Signals>(['SIGINT', 'SIGTERM'])(
    'is over in time after %s',
    async (signal) => {
      const asked = Promise.withResolvers<undefined>()
      // It takes the login and says nothing.
      const port = await serve(() => asked.resolve(undefined))
      let sent = 0
      await using step = await preflown(port, {
        async during(child) {
          await asked.promise
          sent = performance.now()
          child.kill(signal)
        },
      })
      expect(performance.now() - sent).toBeLessThan(GRANTED)
      expect(logOf(step)).toContain('✗ cancelled: The job was cancelled.')
    },
    60_000,
  )
})
