import { beforeAll, describe, expect, test } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { compactVerify } from 'jose'
import { ensureWycheproof } from '../../scripts/wycheproof.ts'
import { DbtOidcError } from '../../src/errors.ts'
import { verifyIdToken } from '../../src/token/gate.ts'
import { keysOf } from '../../src/token/jwks.ts'

// The vectors of others for JSON Web Signatures (RFC 7515): padding, primitives, algorithms and spellings gone wrong.

interface Vector {
  readonly id: number
  readonly jws: string
  readonly valid: boolean
  readonly key: Readonly<Record<string, unknown>>
}

const ISSUER = 'https://issuer.example'
let vectors: readonly Vector[] = []

beforeAll(() => {
  const path = join(ensureWycheproof(), 'json_web_signature_test.json')
  const { testGroups } = JSON.parse(readFileSync(path, 'utf8')) as {
    testGroups: {
      public?: Record<string, unknown>
      private?: Record<string, unknown>
      tests: { tcId: number; jws: string; result: string }[]
    }[]
  }
  vectors = testGroups.flatMap((group) =>
    group.tests.map(({ tcId, jws, result }) => ({
      id: tcId,
      jws,
      valid: result === 'valid',
      key: group.public ?? group.private ?? {},
    })),
  )
})

/** The key of a vector as it comes out of the key set of an issuer; undefined where such a set is refused. */
function found({
  key,
}: Vector): ReturnType<Extract<ReturnType<typeof keysOf>, ReadonlyMap<string, unknown>>['get']> {
  const keys = keysOf(JSON.stringify({ keys: [{ kid: 'without', ...key }] }))
  return 'flaw' in keys ? undefined : [...keys.values()][0]
}

async function isSigned(vector: Vector): Promise<boolean> {
  const key = found(vector)
  if (!key) return false
  return compactVerify(vector.jws, key, { algorithms: ['RS256'] }).then(
    () => true,
    () => false,
  )
}

describe('of the vectors of Wycheproof for signatures', () => {
  test('those that are there are those we know: 318 for RSA, 8 of them valid and for RS256', () => {
    const rsa = vectors.filter(({ key }) => key['kty'] === 'RSA')
    expect(vectors).toHaveLength(401)
    expect(rsa).toHaveLength(318)
    expect(rsa.filter(({ key, valid }) => valid && key['alg'] === 'RS256')).toHaveLength(8)
  })

  test('no signature holds under a key of a key set that is not valid', async () => {
    const wrong: number[] = []
    for (const vector of vectors) if ((await isSigned(vector)) && !vector.valid) wrong.push(vector.id)
    expect(wrong).toEqual([])
  })

  test('those for RS256 hold, so that it is not everything that is refused', async () => {
    const held: number[] = []
    for (const vector of vectors)
      if (vector.valid && vector.key['alg'] === 'RS256' && (await isSigned(vector))) held.push(vector.id)
    expect(held.length).toBeGreaterThanOrEqual(6)
  })

  test('none is an ID token, and no refusal shows a part of one', async () => {
    for (const vector of vectors) {
      const key = found(vector)
      const keys = {
        find: () => (key ? Promise.resolve(key) : Promise.reject(new Error('no key'))),
        warm: () => undefined,
        ahead: () => undefined,
      }
      const gate = { issuer: ISSUER, audience: 'mine', keys, now: () => new Date() }
      const error: unknown = await verifyIdToken(vector.jws, gate).then(
        () => undefined,
        (reason: unknown) => reason,
      )
      expect(error).toBeInstanceOf(DbtOidcError)
      const { code, problem, details } = error as DbtOidcError
      expect([vector.id, code]).toEqual([vector.id, 'token-format'])
      for (const part of vector.jws.split('.').filter(({ length }) => length > 8))
        expect([problem, ...details].join('\n')).not.toContain(part)
    }
  })
})
