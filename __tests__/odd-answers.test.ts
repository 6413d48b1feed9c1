import { describe, expect, test } from '@jest/globals'
import { DbtOidcError } from '../src/errors.ts'
import aws from '../src/exchanges/aws.ts'
import google from '../src/exchanges/google.ts'
import { askForToken } from '../src/exchanges/oauth/token-endpoint.ts'
import { logIn } from '../src/exchanges/vault/login.ts'
import { keysFile } from '../src/keepalive/aws-keys.ts'
import { canned, ioOver, type Canned } from './support/canned.ts'
import { claimsOf } from './support/claims-of.ts'

// What answers holds a certificate of the host that was asked, and still is not to be believed in everything.

const NOW = new Date('2026-11-30T12:00:00Z')
const ROLE = 'arn:aws:iam::123456789012:role/dbt-prod'
const SECRET = 'secretsecret'

/** Texts that are no token: what they would do is in the name. */
const ODD = {
  'a line of its own in a file of keys': `${SECRET}\ncredential_process = sh`,
  'another header': `${SECRET}\r\nx-amz-target: Evil`,
  'a space': `${SECRET} ${SECRET}`,
  'a letter of no ASCII': `${SECRET}é`,
  'a character of another plane': `${SECRET}😀`,
  'nothing at all': '',
} as const
const TABLE = Object.entries(ODD)

async function refused(trade: Promise<unknown>): Promise<DbtOidcError> {
  const outcome: unknown = await trade.catch((error: unknown) => error)
  if (!(outcome instanceof DbtOidcError))
    throw new Error('It was not refused in our words.', { cause: outcome })
  expect(JSON.stringify([outcome.problem, outcome.remedy, outcome.details])).not.toContain(SECRET)
  return outcome
}

const mint = async () => ({ text: 'eyJ.a.b', claims: claimsOf(), sha256: '' })

const KEYS = {
  AccessKeyId: 'ASIAEXAMPLE',
  SecretAccessKey: 'a/b+c',
  SessionToken: 'd/e+f==',
  Expiration: '2026-11-30T13:00:00Z',
}

/** AWS with one thing of its answer changed. */
function sts(changed: Partial<typeof KEYS>): Canned {
  const fields = Object.entries({ ...KEYS, ...changed }).map(([name, text]) => `<${name}>${text}</${name}>`)
  const user = '<Arn>arn:aws:sts::123456789012:assumed-role/dbt-prod/s</Arn>'
  const result = `<Credentials>${fields.join('')}</Credentials><AssumedRoleUser>${user}</AssumedRoleUser>`
  const action = 'AssumeRoleWithWebIdentity'
  return canned(() => `<${action}Response><${action}Result>${result}</${action}Result></${action}Response>`)
}

const tradeAtAws = (seen: Canned) =>
  aws.bind({ role: ROLE, region: 'eu-west-1' }).trade({ kind: 'aws' }, mint, ioOver(seen.http, NOW))

describe.each(['AccessKeyId', 'SecretAccessKey', 'SessionToken'] as const)('%s of AWS', (field) => {
  test.each(TABLE)('with %s is used for nothing, and asked for once', async (_name, text) => {
    const seen = sts({ [field]: text.replaceAll('\r', '&#13;') })
    expect(await refused(tradeAtAws(seen))).toMatchObject({
      code: 'exchange',
      problem: `AWS answered without whole credentials for ${ROLE}.`,
    })
    expect(seen.requests).toHaveLength(1)
  })
})

test('keys of AWS stand in their file as they came', async () => {
  const credential = await tradeAtAws(sts({}))
  if (credential.kind !== 'aws') throw new Error(credential.kind)
  expect(keysFile('default', credential).split('\n')).toEqual([
    '[default]',
    'aws_access_key_id = ASIAEXAMPLE',
    'aws_secret_access_key = a/b+c',
    'aws_session_token = d/e+f==',
    '',
  ])
})

describe('an end of AWS’s keys', () => {
  test.each([
    ['of no zone, which would be that of this machine', '2026-11-30T13:00:00'],
    ['of a day', '2026-11-30'],
    ['of a year', '2099'],
    ['in words', 'Nov 30, 2099'],
    ['of seconds', '1796043600'],
    ['of no calendar', '2026-13-45T13:00:00Z'],
    ['of nothing', ''],
  ])('%s is none', async (_name, Expiration) => {
    expect((await refused(tradeAtAws(sts({ Expiration })))).problem).toContain('without whole credentials')
  })

  test.each([
    ['an offset', '2026-11-30T14:00:00+01:00'],
    ['milliseconds', '2026-11-30T13:00:00.000Z'],
  ])('with %s is the same instant', async (_name, Expiration) => {
    expect(await tradeAtAws(sts({ Expiration }))).toMatchObject({ expiresAt: new Date(KEYS.Expiration) })
  })
})

describe('a token of Google', () => {
  const PROVIDER = 'projects/1/locations/global/workloadIdentityPools/github/providers/dbt-prod'
  const settings = { provider: PROVIDER, 'service-account': 'dbt-prod@acme-prod.iam.gserviceaccount.com' }
  const trade = (federated: string, account: string) => {
    const seen = canned((url) =>
      JSON.stringify(
        url.includes('/v1/token')
          ? { access_token: federated, expires_in: 299 }
          : { accessToken: account, expireTime: '2026-11-30T13:00:00Z' },
      ),
    )
    return { seen, traded: google.bind(settings).trade({}, mint, ioOver(seen.http, NOW)) }
  }
  const NONE = { code: 'exchange', problem: 'Google answered without an access token.' }

  test.each(TABLE)('with %s is used for nothing, and asked for once', async (_name, text) => {
    const first = trade(text, 'ya29.c')
    expect(await refused(first.traded)).toMatchObject(NONE)
    expect(first.seen.requests).toHaveLength(1)
    const second = trade('ya29.d', text)
    expect(await refused(second.traded)).toMatchObject(NONE)
    expect(second.seen.requests).toHaveLength(2)
  })
})

test.each(TABLE)('a token of an OAuth server or of Vault with %s is none', async (_name, text) => {
  const oauth = canned(() => JSON.stringify({ access_token: text, token_type: 'Bearer', expires_in: 300 }))
  const asked = { url: 'https://idp.example/token', parameters: [], secrets: [], who: 'idp.example' }
  expect((await refused(askForToken(asked, ioOver(oauth.http, NOW), 1000))).problem).toContain(
    'no OAuth 2.0 token response',
  )
  const vault = canned(() => JSON.stringify({ auth: { client_token: text, lease_duration: 300 } }))
  const login = { url: 'https://vault.example', mount: 'jwt', role: 'dbt' }
  expect((await refused(logIn(login, 'eyJ.a.b', ioOver(vault.http, NOW), 1000))).problem).toContain(
    'something else than Vault',
  )
})
