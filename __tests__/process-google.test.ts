import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { ACCOUNT, policyOf } from './support/google/bench.ts'
import { standInForGoogle } from './support/google/cloud.ts'
import { configOf } from './support/config-of.ts'
import { openJob, PROJECT, type Job } from './support/job.ts'
import { placesOf, scanForLeaks } from './support/leaks.ts'
import { logOf, remainsOf } from './support/process.ts'
import { parseRecord } from './support/shape.ts'
import type { StepResult } from './support/step.ts'
import { trustDocuments } from '../src/trust/request.ts'

/** Loaded into the step before anything of ours: writes down which modules were read. */
const PROBE = `
import { registerHooks } from 'node:module'
import { writeFileSync } from 'node:fs'
const read = new Set()
registerHooks({ load(url, context, next) { if (url.startsWith('file:')) read.add(url); return next(url, context) } })
process.on('exit', () => writeFileSync(new URL('read.json', import.meta.url), JSON.stringify([...read])))
`
const DIST = join(import.meta.dirname, '..', 'dist')
const FILE = 'google-credentials.json'
const PACKAGES = { 'dbt-bigquery': '1.12.1' }

/** The files of dist that hold Google's library: it names itself so on the wire. */
function library(): readonly string[] {
  const files = readdirSync(DIST).filter((name) => name.endsWith('.js'))
  return files.filter((name) => readFileSync(join(DIST, name), 'utf8').includes('google-byoid-sdk'))
}

let directory: string
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'dbt-oidc-google-'))
  writeFileSync(join(directory, 'probe.mjs'), PROBE)
})
afterAll(() => rmSync(directory, { recursive: true, force: true }))

function step(job: Job, policy: string, keepAlive = 'auto'): Promise<StepResult> {
  return job.step({
    files: { ...PROJECT, '.github/dbt-oidc.yml': policy },
    inputs: { run: 'build', 'keep-alive': keepAlive },
    env: { NODE_OPTIONS: `--import ${join(directory, 'probe.mjs')}` },
  })
}

/** The files of dist that a step has read. */
function opened(): readonly string[] {
  const read = JSON.parse(readFileSync(join(directory, 'read.json'), 'utf8')) as string[]
  return read.filter((url) => url.includes('/dist/')).map((url) => basename(new URL(url).pathname))
}

describe('the built action', () => {
  test('trades without reading Google’s library and, without keep-alive, gives dbt the access token alone', async () => {
    await using job = await openJob({ claims: { environment: 'production' } }, {}, PACKAGES)
    const policy = policyOf({ 'service-account': ACCOUNT })
    const config = await configOf({ policy, serverUrl: job.issuer.serverUrl })
    const target = config.targets.get('prod')
    if (!target) throw new Error('no target')
    const [document] = await trustDocuments(config, target)
    const google = standInForGoogle(job.issuer, [document?.text ?? ''])
    await using done = await step(job, policy, 'off')
    expect({ exitCode: done.exitCode, log: done.exitCode === 0 ? '' : logOf(done) }).toEqual({
      exitCode: 0,
      log: '',
    })
    expect(google.seen.map(({ host, status }) => [host, status])).toEqual([
      ['sts', 200],
      ['iamcredentials', 200],
    ])
    expect([done.outputs.get('identity'), done.outputs.has('expires-at')]).toEqual([ACCOUNT, true])
    const [run] = job.dbt.runs().filter(({ command }) => command === 'build')
    expect(run?.profiles).toContain('method: "oauth-secrets"')
    const [, variable = ''] =
      /token: "\{\{ env_var\('(DBT_ENV_SECRET_DBT_OIDC_[0-9A-F]{32}_TOKEN)'\) \}\}"/.exec(
        run?.profiles ?? '',
      ) ?? []
    const token = run?.env[variable] ?? ''
    expect(google.tokens.holderOf(`Bearer ${token}`)?.members).toEqual([`serviceAccount:${ACCOUNT}`])
    const federated = /^Bearer (.*)$/.exec(String(google.seen[1]?.headers['authorization']))?.[1] ?? ''
    expect(done.log.masks).toEqual(expect.arrayContaining([token, federated]))
    expect(scanForLeaks({ token, federated }, placesOf([done]))).toEqual([])
    expect([library().length > 0, opened().length > 3]).toEqual([true, true])
    expect(opened().filter((name) => library().includes(name))).toEqual([])
  })

  test('gives a dbt that it keeps fresh a file to trade by, and neither a token nor its own right to ask for one', async () => {
    await using job = await openJob({ claims: { environment: 'production' } }, { texts: [FILE] }, PACKAGES)
    const policy = policyOf({ 'service-account': ACCOUNT })
    const config = await configOf({ policy, serverUrl: job.issuer.serverUrl })
    const target = config.targets.get('prod')
    if (!target) throw new Error('no target')
    const [document] = await trustDocuments(config, target)
    standInForGoogle(job.issuer, [document?.text ?? ''])
    await using done = await job.step({
      files: { ...PROJECT, '.github/dbt-oidc.yml': policy },
      inputs: { run: 'build' },
      env: { HTTP_PROXY: 'http://proxy.example', NO_PROXY: 'internal.example' },
    })
    expect({ exitCode: done.exitCode, log: done.exitCode === 0 ? '' : logOf(done) }).toEqual({
      exitCode: 0,
      log: '',
    })
    const [run] = job.dbt.runs().filter(({ command }) => command === 'build')
    expect(run?.profiles).toContain('method: "oauth"')
    expect(run?.profiles).toContain('https://www.googleapis.com/auth/bigquery')
    expect(Object.keys(run?.env ?? {}).filter((name) => name.startsWith('DBT_ENV_SECRET'))).toEqual([])
    expect(run?.env).toMatchObject({
      GOOGLE_APPLICATION_CREDENTIALS: join(run?.profilesDir ?? '', FILE),
      GOOGLE_CLOUD_PROJECT: 'acme-prod',
      NO_PROXY: 'internal.example,127.0.0.1',
      no_proxy: 'internal.example,127.0.0.1',
    })
    expect(run?.files).toContainEqual({ path: FILE, type: 'file', mode: '600' })
    const shown = parseRecord(run?.texts[FILE] ?? '')
    const { credential_source: source, ...recipe } = shown
    const at = `${job.issuer.serverUrl}/_at`
    expect(recipe).toMatchObject({ type: 'external_account', token_url: `${at}/sts.googleapis.com/v1/token` })
    expect(source).toEqual({
      url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/id-token$/),
      headers: { Authorization: expect.stringMatching(/^Bearer [\w-]{43}$/) },
      format: { type: 'json', subject_token_field_name: 'value' },
    })
    const [, nonce = ''] = /Bearer ([\w-]{43})/.exec(JSON.stringify(source)) ?? []
    expect(done.log.masks).toContain(nonce)
    const secrets = { nonce, 'request token': job.issuer.requestToken }
    expect(scanForLeaks(secrets, placesOf([done], job.dbt.runs()))).toEqual([])
    expect(JSON.stringify(shown)).not.toContain(job.issuer.requestToken)
    const { url } = source as { readonly url: string }
    await expect(fetch(url, { headers: { authorization: `Bearer ${nonce}` } })).rejects.toThrow(
      'fetch failed',
    )
    expect(remainsOf(done)).toEqual([])
  })
})
