import { describe, expect, test } from '@jest/globals'
import type { Claims } from '../src/claims.ts'
import type { Credential, Kind } from '../src/credential.ts'
import { secretsOf } from '../src/credential.ts'
import { exchanges } from '../src/exchanges/index.ts'
import { exportable } from '../src/exports.ts'
import { toJs } from '../src/profile.ts'
import { trustRules } from '../src/trust/rules.ts'
import { warehouses } from '../src/warehouses/index.ts'
import { marked } from '../src/warehouses/other/marks.ts'
import { warehouseOf } from '../src/config/warehouse-of.ts'
import { withheld } from '../src/dbt/withheld.ts'

// Every warehouse with every exchange that it takes, by their own examples: whoever adds a file is tested by this one.

const SECRET = 'eyJhbGciOiJSUzI1NiJ9.c2VjcmV0.c2lnbmF0dXJl'
const SOON = new Date('2026-11-23T13:00:00Z')
const CREDENTIALS: Readonly<Record<Kind, Credential>> = {
  'id-token': {
    kind: 'id-token',
    token: SECRET,
    expiresAt: SOON,
    recipe: { tenant: 'acme', 'client-id': 'dbt' },
  },
  bearer: { kind: 'bearer', token: SECRET, expiresAt: SOON },
  aws: {
    kind: 'aws',
    accessKeyId: 'ASIAEXAMPLE',
    secretAccessKey: `${SECRET}1`,
    sessionToken: `${SECRET}2`,
    region: 'eu-west-1',
    expiresAt: SOON,
  },
  password: { kind: 'password', user: 'dbt', password: SECRET, expiresAt: SOON },
  'key-pair': { kind: 'key-pair', user: 'dbt', privateKey: SECRET, expiresAt: SOON },
  none: { kind: 'none', expiresAt: null },
}

const CLAIMS: Claims = {
  iss: 'https://token.actions.githubusercontent.com',
  sub: 'repo:acme/dbt:environment:production',
  aud: 'a',
  jti: 'j',
  iat: 0,
  exp: 0,
  all: new Map([
    ['repository', 'acme/dbt'],
    ['repository_id', '7654321'],
    ['repository_owner_id', '1234567'],
    ['run_id', '1'],
    ['run_attempt', '1'],
  ]),
}
const RULES = trustRules(
  [
    {
      name: 'nightly',
      target: 'prod',
      place: 'here',
      when: new Map([
        ['repository', ['acme/dbt']],
        ['repository_id', ['7654321']],
        ['repository_owner_id', ['1234567']],
        ['environment', ['production']],
        ['ref', ['refs/heads/main']],
      ]),
    },
  ],
  'prod',
)

/** Where a driver is served that takes its token from an endpoint and from nowhere else. */
const HOOK = { url: 'http://127.0.0.1:1/token', authorization: `Basic ${SECRET}nonce`, recipe: {} }

const pairs = [...warehouses.values()].flatMap((warehouse) =>
  [...warehouse.accepts.keys()].map((via) => [`${warehouse.type} via ${via}`, warehouse, via] as const),
)

test('there are as many pairs as the README says', () => {
  expect(pairs.length).toBeGreaterThanOrEqual(3)
})

describe.each(pairs)('%s', (_name, warehouse, via) => {
  const together = warehouse.examples[via]
  const connection = { ...warehouse.example, ...together?.connection }
  const bound = (warehouseOf(warehouses, connection) ?? warehouse).bind(connection)
  const spec = exchanges.get(via)
  const exchange = spec?.bind({
    ...(spec.example as Record<string, unknown>),
    ...bound.defaults(via),
    ...together?.identity,
  })
  const want = bound.want(via)
  const acceptance = warehouse.accepts.get(via)
  if (!spec || !exchange || !acceptance) throw new Error(`${via} is not registered`)
  const credential = CREDENTIALS[acceptance.kind]
  const atEndpoint = acceptance.keepAlive.by === 'token-endpoint'
  const carry = () => bound.carry(credential, '/private', atEndpoint ? HOOK : undefined)

  test('has an example without faults and without a credential', () => {
    expect(bound.faults(via)).toEqual([])
    for (const field of warehouse.credentialFields) expect(Object.keys(connection)).not.toContain(field)
    // Of any other adapter the example is one that some field of takes the credential.
    expect(warehouseOf(warehouses, connection)?.title).toBe(
      warehouse.type === 'other' ? connection['type'] : warehouse.title,
    )
  })

  test('knows its audience, its identity, its hosts and its proof', () => {
    expect(exchange.audience(want)).not.toBe('')
    expect(exchange.identity(want, CLAIMS)).not.toBe('')
    for (const host of [...exchange.hosts(want), ...bound.hosts()]) {
      expect(host).toMatch(/^[a-z0-9.-]+$/)
    }
    for (const host of bound.hosts()) expect(bound.allowsHost(host)).toBe(true)
    expect(warehouse.proof[via]).toBeDefined()
  })

  test('carries the credential and keeps it out of fields, variables and argument lists', () => {
    const carried = carry()
    const secrets = atEndpoint ? [HOOK.authorization.slice('Basic '.length)] : secretsOf(credential)
    const open = JSON.stringify([toJs(new Map(Object.entries(carried.fields)), () => undefined), carried.env])
    for (const secret of secrets) expect(open).not.toContain(secret)
    const held = JSON.stringify([carried.secrets, carried.files])
    expect(secrets.length === 0 || secrets.some((secret) => held.includes(secret))).toBe(true)
    const { keepAlive } = acceptance
    const renewed = keepAlive.by === 'file' ? [keepAlive.name] : []
    expect(Object.keys(carried.files)).toEqual(expect.arrayContaining(renewed))
  })

  test('sets only variables that later steps may get, and that the step itself never hands to dbt', () => {
    for (const name of Object.keys(carry().env)) {
      expect([name, exportable(name)]).toEqual([name, true])
      expect([name, withheld(name)]).not.toEqual([name, undefined])
    }
  })

  test('drops from an existing profile every field that it sets itself and that is a secret', () => {
    const { fields } = carry()
    const secret = Object.entries(fields).filter(
      ([, value]) =>
        value.kind === 'secret' ||
        (value.kind === 'map' && [...value.fields.values()].some((inner) => inner.kind === 'secret')),
    )
    for (const [name] of secret)
      expect([...warehouse.credentialFields, ...marked(connection).credential]).toContain(name)
  })

  test('writes its trust, with what is held there and what is not', async () => {
    const request = {
      target: 'prod',
      via,
      issuer: CLAIMS.iss,
      audience: exchange.audience(want),
      audiences: [exchange.audience(want)],
      rules: RULES,
      identity: exchange.identity(want, CLAIMS),
    }
    const documents = [...(await exchange.trust(want, request)), ...(await bound.trust(request))]
    expect(documents.length > 0).toBe(via !== 'none')
    for (const { text, title, heldThere, checkedHere } of documents) {
      expect(title).not.toBe('')
      expect(text).not.toMatch(/undefined|\[object/)
      expect(heldThere.filter((claim) => checkedHere.includes(claim))).toEqual([])
    }
  })

  test('explains every error that it lists', () => {
    for (const error of warehouse.errors)
      expect([error, bound.diagnose(error, CLAIMS)]).not.toEqual([error, undefined])
    for (const error of spec.errors)
      expect([error, exchange.diagnose(error, CLAIMS) ?? bound.diagnose(error, CLAIMS)]).not.toEqual([
        error,
        undefined,
      ])
  })
})
