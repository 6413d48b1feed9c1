import { describe, expect, test } from '@jest/globals'
import { identityContext } from '../src/exchanges/aws-identity-center/token.ts'
import { placeOf } from '../src/exchanges/aws/place.ts'
import { signAt } from '../src/exchanges/okta/signers/aws-kms.ts'
import type { Io } from '../src/exchange.ts'
import { ioOver } from './support/canned.ts'
import { refusalOf } from './support/world.ts'

const KEYS = {
  accessKeyId: 'ASIAEXAMPLE',
  secretAccessKey: 'secret',
  sessionToken: 'session',
  expiresAt: new Date('2026-11-30T13:00:00Z'),
}
const APPLICATION = 'arn:aws:sso::123456789012:application/ssoins-1/apl-1'
const KEY = 'arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab'

/** The world with one answer in it. */
function answering(status: number, body: string, headers: Readonly<Record<string, string>> = {}): Io {
  return ioOver(async () => ({ status, headers, body }), new Date('2026-11-30T12:00:00Z'))
}

const asked = (io: Io) =>
  identityContext(
    {
      application: APPLICATION,
      token: 'token',
      place: placeOf({ role: 'arn:aws:iam::123456789012:role/dbt' }, { region: 'eu-west-1' }),
    },
    KEYS,
    io,
  )
const signed = (io: Io) =>
  signAt({ host: 'kms.eu-west-1.amazonaws.com', region: 'eu-west-1' }, KEY, 'a.b', KEYS, io)

describe('KMS is told by the name of its error,', () => {
  test.each([
    [
      'as the header has it',
      '{"message":"no"}',
      { 'x-amzn-errortype': 'NotFoundException:http://internal.amazon.com/x' },
    ],
    ['as the body has it', '{"__type":"com.amazonaws.kms#NotFoundException","Message":"no"}', {}],
    ['by its other field', '{"code":"NotFoundException,more","message":"no"}', {}],
  ])('%s', async (_name, body, headers) => {
    const { code, problem } = await refusalOf(signed(answering(400, body, headers)))
    expect([code, problem]).toEqual([
      'exchange',
      `AWS KMS refused to sign with ${KEY}: NotFoundException: no`,
    ])
  })

  test('and is busy where it says so', async () => {
    const body = '{"__type":"ThrottlingException","message":"slow down"}'
    expect((await refusalOf(signed(answering(400, body)))).code).toBe('exchange-unavailable')
  })

  test('and an answer without a signature is none', async () => {
    expect((await refusalOf(signed(answering(200, '{"Signature":""}')))).problem).toBe(
      'AWS KMS answered without a signature.',
    )
  })
})

describe('Identity Center', () => {
  test('is told with its words, whatever it calls the error', async () => {
    const body = '{"error":"invalid_grant","error_description":"seen before","reason":7}'
    expect((await refusalOf(asked(answering(400, body)))).problem).toBe(
      `IAM Identity Center refused CreateTokenWithIAM for ${APPLICATION} with status 400: invalid_grant, seen before`,
    )
  })

  test.each([
    '{}',
    '{"awsAdditionalDetails":null}',
    '{"awsAdditionalDetails":{"identityContext":""}}',
    '{"awsAdditionalDetails":[]}',
  ])('that answers %s names no user', async (body) => {
    expect((await refusalOf(asked(answering(200, body)))).problem).toContain('named no user in its answer')
  })
})

test.each([
  ['a page', 200, '<html>secret</html>'],
  ['a list', 200, '["secret"]'],
  ['a page', 403, '<html>secret</html>'],
  ['JSON of somebody else', 403, '{"detail":"secret"}'],
  ['nothing', 502, ''],
])(
  '%s with status %d in place of AWS’s JSON is told as no answer of AWS, and not shown',
  async (_name, status, body) => {
    for (const [ask, what] of [
      [asked, APPLICATION],
      [signed, KEY],
    ] as const) {
      const { code, problem } = await refusalOf(ask(answering(status, body)))
      expect([code, problem]).toEqual([
        'exchange-unavailable',
        `Something else than AWS answered for ${what}: status ${status}, and none of AWS's JSON.`,
      ])
    }
  },
)
