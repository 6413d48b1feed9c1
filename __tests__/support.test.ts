import { createSecretKey } from 'node:crypto'
import { request } from 'node:http'
import { describe, expect, test } from '@jest/globals'
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import { body, redirect, reset, status, truncated } from './support/faults.ts'
import { readBody, sendJson } from './support/issuer-server.ts'
import { startIssuer, type Issuer } from './support/issuer.ts'
import { claimsOf } from './support/jwt.ts'

function ask(issuer: Issuer, audience?: string, token = issuer.requestToken): Promise<Response> {
  const query = audience === undefined ? '' : `&audience=${encodeURIComponent(audience)}`
  return fetch(issuer.requestUrl + query, { headers: { authorization: `Bearer ${token}` } })
}

async function tokenFrom(response: Response): Promise<string> {
  const answer: unknown = await response.json()
  if (typeof answer === 'object' && answer && 'value' in answer && typeof answer.value === 'string')
    return answer.value
  throw new Error('no token')
}

describe('the issuer', () => {
  test("gives GitHub's claims in a token that its own keys verify", async () => {
    await using issuer = await startIssuer()
    const token = await tokenFrom(await ask(issuer, 'warehouse'))
    const keys = createRemoteJWKSet(new URL(`${issuer.issuer}/.well-known/jwks`))
    const { payload } = await jwtVerify(token, keys, {
      issuer: issuer.issuer,
      audience: 'warehouse',
      algorithms: ['RS256'],
    })
    expect(payload).toMatchObject({
      sub: 'repo:o/r:ref:refs/heads/main',
      repository_id: '456',
      repository_owner_id: '123',
    })
    expect([Number(payload.exp) - Number(payload.iat), Number(payload.iat) - Number(payload.nbf)]).toEqual([
      300, 300,
    ])
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'RS256', typ: 'JWT', kid: issuer.key().kid })
    expect(issuer.minted).toEqual([token])
    expect(issuer.requests).toEqual([
      { method: 'GET', path: '/idtoken', audience: 'warehouse', authorization: 'right' },
      { method: 'GET', path: '/_services/token/.well-known/jwks', authorization: 'none' },
    ])
  })

  test('takes the owner for an audience and refuses another request token', async () => {
    await using issuer = await startIssuer({ claims: { repository: 'acme/dbt' } })
    expect(claimsOf(await tokenFrom(await ask(issuer)))).toMatchObject({
      aud: 'https://github.com/acme',
      repository_owner: 'acme',
    })
    expect((await ask(issuer, 'x', 'guess')).status).toBe(401)
    expect(issuer.requests.map(({ authorization }) => authorization)).toEqual(['right', 'wrong'])
    expect(issuer.minted).toHaveLength(1)
  })

  test.each([
    [{ environment: 'prod:eu' }, 'name', 'repo:o/r:environment:prod%3Aeu'],
    [{ environment: 'prod' }, 'id', 'repo:o@123/r@456:environment:prod'],
    [{ event_name: 'pull_request', ref: 'refs/pull/7/merge' }, 'id', 'repo:o@123/r@456:pull_request'],
    [{ event_name: 'pull_request_target' }, 'name', 'repo:o/r:ref:refs/heads/main'],
    [{ ref: 'refs/tags/v1' }, 'name', 'repo:o/r:ref:refs/tags/v1'],
    [{ sub: 'mine', ref: 'refs/heads/x' }, 'name', 'mine'],
  ] as const)('names %j by %s as %s', async (claims, subForm, sub) => {
    await using issuer = await startIssuer()
    expect(issuer.claims(claims, { subForm }).sub).toBe(sub)
    expect(claimsOf(issuer.mint('x')).sub).toBe(sub)
  })

  test('removes a claim, whichever', async () => {
    await using issuer = await startIssuer()
    issuer.claims({ jti: undefined, sub: undefined, exp: undefined, workflow_ref: undefined })
    const claims = claimsOf(issuer.mint('x'))
    for (const name of ['jti', 'sub', 'exp', 'workflow_ref']) expect(claims).not.toHaveProperty(name)
    expect(claims).toHaveProperty('iat')
  })

  test('rotates its key, keeps its lifetime, and is wrong about the time on demand', async () => {
    await using issuer = await startIssuer({ ttl: 60 })
    const { kid } = issuer.key()
    await issuer.rotate({ keepOld: true })
    issuer.ttl(30)
    issuer.skew(-600)
    const { iat, exp } = claimsOf(issuer.mint('x'))
    expect(Number(exp) - Number(iat)).toBe(30)
    const keys = await fetch(`${issuer.issuer}/.well-known/jwks`)
    expect(await keys.text()).toMatch(new RegExp(`${issuer.key().kid}.*${kid}`))
    expect(Math.abs(Date.parse(keys.headers.get('date') ?? '') / 1000 - Number(iat))).toBeLessThan(30)
    expect(Math.abs(Date.now() / 1000 - 600 - Number(iat))).toBeLessThan(30)
    await issuer.rotate()
    expect(await (await fetch(`${issuer.issuer}/.well-known/jwks`)).text()).not.toContain(kid)
  })

  test('signs anything with anything', async () => {
    await using issuer = await startIssuer()
    expect(issuer.sign({}, { header: { alg: 'none', typ: undefined, kid: undefined } })).toBe(
      'eyJhbGciOiJub25lIn0.e30.',
    )
    const hmac = issuer.sign('[]', {
      header: '{"alg":"HS256"}',
      alg: 'HS256',
      key: createSecretKey(Buffer.from('k')),
    })
    expect(hmac).toMatch(/^eyJhbGciOiJIUzI1NiJ9\.W10\.[\w-]{43}$/)
    expect(decodeProtectedHeader(issuer.sign({}, { header: { alg: 'PS256', jku: 'x' } }))).toMatchObject({
      alg: 'PS256',
      jku: 'x',
    })
  })

  test('fails on demand, once each or for good', async () => {
    await using issuer = await startIssuer()
    issuer.next(
      'idtoken',
      status(429, { 'retry-after': '1' }),
      reset,
      truncated,
      body('<html>', 'text/html'),
      redirect('http://127.0.0.1:1/'),
    )
    const limited = await ask(issuer, 'x')
    expect([limited.status, limited.headers.get('retry-after')]).toEqual([429, '1'])
    await expect(ask(issuer, 'x')).rejects.toThrow('fetch failed')
    await expect(ask(issuer, 'x').then((answer) => answer.text())).rejects.toThrow('terminated')
    expect(await (await ask(issuer, 'x')).text()).toBe('<html>')
    await expect(ask(issuer, 'x')).rejects.toThrow('fetch failed')
    expect((await ask(issuer, 'x')).status).toBe(200)
    issuer.always('jwks', (_req, _res, proceed) => proceed())
    expect((await fetch(`${issuer.issuer}/.well-known/jwks`)).status).toBe(200)
    issuer.always('jwks', status(503))
    for (const _ of [1, 2]) expect((await fetch(`${issuer.issuer}/.well-known/jwks`)).status).toBe(503)
    issuer.always('jwks', undefined)
    expect((await fetch(`${issuer.issuer}/.well-known/jwks`)).status).toBe(200)
  })

  test('stands in for other origins and answers 404 for the rest', async () => {
    await using issuer = await startIssuer()
    const origin = issuer.at('sts.example.com', async (req, res, path) =>
      sendJson(res, { path, body: await readBody(req) }),
    )
    const answer = await fetch(`${origin}/v1/token?a=1`, { method: 'POST', body: 'grant' })
    expect(await answer.json()).toEqual({ path: '/v1/token?a=1', body: 'grant' })
    expect((await fetch(`${issuer.serverUrl}/_at/sts.example.com.evil/`)).status).toBe(404)
    expect(issuer.requests.map(({ path }) => path)).toEqual([
      '/_at/sts.example.com/v1/token?a=1',
      '/_at/sts.example.com.evil/',
    ])
  })

  test('ends with hanging clients, and says that a stand-in broke', async () => {
    const issuer = await startIssuer()
    const reached = Promise.withResolvers<void>()
    issuer.always('idtoken', () => reached.resolve())
    const hanging = new Promise<Error>((resolve) => request(issuer.requestUrl).once('error', resolve).end())
    await reached.promise
    const broken = issuer.at('a', () => {
      throw new Error('boom')
    })
    await expect(fetch(broken)).rejects.toThrow('fetch failed')
    await expect(issuer.close()).rejects.toMatchObject({ cause: { message: 'boom' } })
    expect(await hanging).toMatchObject({ code: 'ECONNRESET' })
    await issuer.close()
  })
})
