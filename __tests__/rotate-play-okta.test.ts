import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { createLocalJWKSet } from 'jose'
import type { Target } from '../src/config/target.ts'
import { wantOf } from '../src/config/target.ts'
import { trustDocuments } from '../src/trust/request.ts'
import { first, second, type State } from '../src/trust/rotate/plan.ts'
import type { TrustDocument } from '../src/trust.ts'
import { apply, newCloud, type Cloud } from './support/aws/account.ts'
import { kmsOf } from './support/aws/kms.ts'
import { newSts } from './support/aws/sts.ts'
import { runChild } from './support/child.ts'
import { configOf } from './support/config-of.ts'
import { startIssuer, type Issuer } from './support/issuer.ts'
import { administer, ADMINISTRATOR } from './support/okta-admin.ts'
import { playOkta, type Okta } from './support/okta-server.ts'
import { play, type Stage } from './support/trust/played.ts'
import { worldOf } from './support/world.ts'

const ACCOUNT = '123456789012'
const REGION = 'eu-west-1'
const APP = '0oa1a2b3c4'
const [OLD, NEW] = ['1', '2'].map((one) => `arn:aws:kms:${REGION}:${ACCOUNT}:key/${one}234abcd`) as [
  string,
  string,
]

let issuer: Issuer
let server: Okta
let cloud: Cloud
let keys: ReadonlyMap<string, KeyObject>
let publicKeys: ReadonlyMap<string, KeyObject>

beforeEach(async () => {
  issuer = await startIssuer({ claims: { environment: 'production' } })
  server = playOkta(issuer)
  administer(issuer, server, APP)
  cloud = newCloud()
  const pairs = [OLD, NEW].map((arn) => [arn, generateKeyPairSync('rsa', { modulusLength: 2048 })] as const)
  keys = new Map(pairs.map(([arn, { privateKey }]) => [arn, privateKey]))
  publicKeys = new Map(pairs.map(([arn, { publicKey }]) => [arn, publicKey]))
  const keysOf = async () => createLocalJWKSet({ keys: [issuer.key().jwk] })
  const [sts, kms] = [`sts.${REGION}.amazonaws.com`, `kms.${REGION}.amazonaws.com`]
  issuer.at(sts, newSts({ cloud, region: REGION, host: sts, keysOf }).handler)
  issuer.at(kms, kmsOf({ cloud, region: REGION, host: kms }, keys))
})

afterEach(async () => {
  await issuer.close()
})

/** The policy that signs with a key, which the app knows by a name. */
async function stateOf(key: string, kid?: string): Promise<State> {
  const config = await configOf({
    serverUrl: issuer.serverUrl,
    policy: JSON.stringify({
      repository: 'o/r',
      'repository-id': 456,
      'repository-owner-id': 123,
      targets: {
        prod: {
          connection: {
            type: 'snowflake',
            account: 'acme',
            user: 'DBT',
            role: 'DBT_PROD',
            warehouse: 'W',
            database: 'D',
            schema: 'S',
          },
          identity: {
            via: 'okta',
            url: server.url,
            'client-id': APP,
            ...(kid !== undefined && { 'key-id': kid }),
            signer: { key, aws: { role: `arn:aws:iam::${ACCOUNT}:role/dbt-okta` } },
          },
        },
      },
      grants: [{ target: 'prod', when: { environment: 'production' } }],
    }),
  })
  const target = config.targets.get('prod')
  if (!target) throw new Error('no target')
  return { config, target }
}

/** Pastes a text where it belongs: into the account, or a shell with Okta's API and the public keys within reach. */
async function paste(text: string): Promise<void> {
  if (text.includes('aws iam ')) return apply(cloud, text, ACCOUNT)
  if (!text.includes('okta ')) return
  const shown = [...publicKeys].map(
    ([arn, key]) => `*${arn}*) echo ${key.export({ type: 'spki', format: 'der' }).toString('base64')} ;;`,
  )
  const stub = `aws() { case "$*" in ${shown.join(' ')} *) return 1 ;; esac; }`
  const env = { PATH: process.env['PATH'] ?? '', ...ADMINISTRATOR }
  const { exitCode, stderr, stdout } = await runChild(['sh', '-euc', `${stub}\n${text}`], { cwd: '/', env })
  if (exitCode !== 0) throw new Error(`${stderr}\n${stdout}`)
}

async function stand(documents: readonly TrustDocument[]): Promise<void> {
  for (const { language, text } of documents) if (language === 'sh') await paste(text)
}

/** Whether a run of the granted job gets Okta's token, as its policy says. */
async function comesIn(target: Target): Promise<boolean> {
  const { mint, io } = worldOf(issuer)
  const got = await target.exchange.trade(wantOf(target), mint, io).catch((error: unknown) => error)
  return typeof got === 'object' && got !== null && 'token' in got && server.living.has(String(got.token))
}

const stage: Stage = { paste, comesIn }

describe('the key of an app of Okta', () => {
  test('gives way to another, and after no statement does a run fail', async () => {
    const [now, then] = [await stateOf(OLD, 'dbt-1'), await stateOf(NEW, 'dbt-2')]
    await stand(await trustDocuments(now.config, now.target))
    expect([await comesIn(now.target), await comesIn(then.target)]).toEqual([true, false])
    const one = await play(await first(now, then), [now.target], stage)
    expect([one.length > 1, one.includes(false)]).toEqual([true, false])
    // The policy moves over branch by branch.
    expect([await comesIn(now.target), await comesIn(then.target)]).toEqual([true, true])
    const two = await play(await second(now, then, then), [then.target], stage)
    expect([two.length > 1, two.includes(false)]).toEqual([true, false])
    expect([await comesIn(now.target), await comesIn(then.target)]).toEqual([false, true])
  })

  test('would fail runs if the old one went at once', async () => {
    const [now, then] = [await stateOf(OLD, 'dbt-1'), await stateOf(NEW, 'dbt-2')]
    await stand(await trustDocuments(now.config, now.target))
    expect(await play(await second(now, now, then), [now.target], stage)).toContain(false)
  })

  test('is named before it is rotated: an assertion that names none fails where there are two', async () => {
    const [now, then] = [await stateOf(OLD), await stateOf(NEW, 'dbt-2')]
    await expect(first(now, then)).rejects.toMatchObject({
      problem: expect.stringContaining(`the keys of the app ${APP}`),
      remedy: expect.stringContaining('write the `kid` of the present key as `key-id` first'),
    })
    await stand(await trustDocuments(now.config, now.target))
    expect(await comesIn(now.target)).toBe(true)
    await stand(
      (await trustDocuments(then.config, then.target))
        .filter(({ text }) => /^okta/m.test(text))
        .map((one) => ({
          ...one,
          text: one.text.replaceAll(/^(?:okta POST authorizationServers|policy=)[\s\S]*/gm, ''),
        })),
    )
    expect(await comesIn(now.target)).toBe(false)
  })

  test('keeps its name for no other key', async () => {
    const [now, then] = [await stateOf(OLD, 'dbt-1'), await stateOf(NEW, 'dbt-1')]
    await expect(first(now, then)).rejects.toMatchObject({
      remedy: expect.stringContaining('--set identity.key-id='),
    })
  })
})
