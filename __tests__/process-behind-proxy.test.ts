import { describe, expect, test } from '@jest/globals'
import { appendFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { behindProxy, SERVER } from './support/behind-proxy.ts'
import { brokerIn, BROKERED, CREDENTIALS, openBrokered, trustBrokered } from './support/google/brokered.ts'
import { GRANTED, openJob } from './support/job.ts'
import { becomes, until } from './support/lines.ts'
import { logOf, remainsOf } from './support/process.ts'
import type { Scratch } from './support/scratch.ts'

const HOSTS = ['sts.googleapis.com', 'iamcredentials.googleapis.com']

describe('behind the proxy of a company, with its own authority for certificates', () => {
  test('a step buys, and while dbt runs the broker fetches tokens, both by HTTPS_PROXY; dbt reaches the broker past it', async () => {
    await using job = await openBrokered()
    await using inside = await behindProxy(job.issuer, HOSTS)
    await trustBrokered(job, SERVER, inside.reach)
    let paths: Scratch | undefined
    await using step = await job.step({
      inputs: BROKERED,
      env: { ...inside.env, NO_PROXY: 'warehouse.acme.example' },
      prepare: (scratch) => void (paths = scratch),
      async during(_child, lines) {
        await until(lines, /^first /)
        const [directory = ''] = paths ? remainsOf({ paths }) : []
        const { url, authorization } = brokerIn(directory)
        const before = inside.asked.length
        const answer = await fetch(url, { headers: { authorization } })
        expect(answer.status).toBe(200)
        expect(inside.asked.slice(before)).toEqual(['github.acme.example:443 '])
        appendFileSync(join(directory, CREDENTIALS), ' ')
      },
    })
    expect({ exitCode: step.exitCode, log: step.exitCode === 0 ? '' : logOf(step) }).toEqual({
      exitCode: 0,
      log: '',
    })
    expect(logOf(step)).not.toContain('rehearsal')
    expect(new Set(inside.asked)).toEqual(
      new Set(['github.acme.example:443 ', ...HOSTS.map((host) => `${host}:443 `)]),
    )
    const [run] = job.dbt.runs().filter(({ command }) => command === 'build')
    expect(run?.env).toMatchObject({
      HTTPS_PROXY: inside.env['HTTPS_PROXY'],
      NO_PROXY: 'warehouse.acme.example,127.0.0.1',
      no_proxy: 'warehouse.acme.example,127.0.0.1',
    })
  })

  test('the process that renews for later steps goes the same way', async () => {
    await using job = await openJob({ ttl: 10 })
    await using inside = await behindProxy(job.issuer, [])
    const connection =
      '{ type: databricks, host: acme.cloud.databricks.com, http_path: /sql/1.0/warehouses/w, schema: dbt, client_id: 8e8a1c2f-5b0e-4f0e-9d44-0f4f2f6f3a10 }'
    await using step = await job.step({ inputs: { ...GRANTED, run: '', connection }, env: inside.env })
    expect({ exitCode: step.exitCode, log: step.exitCode === 0 ? '' : logOf(step) }).toEqual({
      exitCode: 0,
      log: '',
    })
    const token = (): string =>
      readFileSync(join(step.outputs.get('profiles-dir') ?? '', 'databricks-oidc-token'), 'utf8')
    const [first, asked] = [token(), inside.asked.length]
    await becomes(() => token() !== first)
    expect(job.issuer.minted).toContain(token())
    expect(new Set(inside.asked.slice(asked))).toEqual(new Set(['github.acme.example:443 ']))
    const post = await step.post()
    expect([post.exitCode, remainsOf(step)]).toEqual([0, []])
  })
})
