import { describe, expect, test } from '@jest/globals'
import { configOf, problemsOf, type Setting } from './support/config-of.ts'
import { claimsOf } from './support/claims-of.ts'
import { trustDocuments } from '../src/trust/request.ts'
import { toRegex } from '../src/warehouses/trino/regex.ts'
import trino from '../src/warehouses/trino.ts'
import { parseRecord } from './support/shape.ts'

const CONNECTION = {
  type: 'trino',
  host: 'trino.acme.example',
  database: 'lake',
  schema: 'pr_{pull_request}',
}
const RUN = {
  repository: 'o/r',
  ref: 'refs/heads/main',
  actor: 'octo,cat',
  sha: 'abc',
  run: '9',
  attempt: '1',
  workflow: 'dbt',
  grant: 'nightly é',
  target: 'prod',
}
const credential = { kind: 'bearer', token: 'the-token', expiresAt: null } as const

describe('dbt gets', () => {
  test('a JWT as a secret, and checks the certificate of the server', () => {
    expect(trino.bind(CONNECTION).carry(credential, '/private')).toEqual({
      fields: {
        method: { kind: 'text', text: 'jwt' },
        jwt_token: { kind: 'secret', name: 'TOKEN' },
        port: { kind: 'plain', source: '443' },
        cert: { kind: 'plain', source: 'true' },
      },
      secrets: { TOKEN: 'the-token' },
      files: {},
      env: {},
    })
  })

  test('the port and the certificate of the connection where there are any', () => {
    const bound = trino.bind({ ...CONNECTION, port: 8443, cert: 'ca.pem' })
    expect(Object.keys(bound.carry(credential, '/private').fields)).toEqual(['method', 'jwt_token'])
  })

  test('tags that name the run, with nothing that would part one', () => {
    const { client_tags: tags } = trino.attribute(RUN)
    const items = tags?.kind === 'list' ? tags.items : []
    expect(items.map((item) => (item.kind === 'text' ? item.text : ''))).toEqual([
      'dbt-oidc',
      'repository=o/r',
      'run=9',
      'attempt=1',
      'sha=abc',
      'actor=octo-cat',
      'grant=nightly--',
    ])
  })
})

describe('a connection is refused with what to write instead', () => {
  test.each<[string, Record<string, unknown>, string]>([
    ['plain http', { http_scheme: 'http' }, '`http_scheme` must be `https`'],
    [
      'no check of certificates',
      { cert: false },
      '`cert`: `false` would send the credential to whoever answers',
    ],
    ['a certificate of nothing', { cert: null }, '`cert` must be the PEM file of your certificate authority'],
    ['a certificate of no name', { cert: '' }, '`cert` must be the PEM file of your certificate authority'],
    ['a certificate of zero', { cert: 0 }, '`cert` must be the PEM file of your certificate authority'],
    ['no catalog', { database: undefined }, '`database`: add it: it names the catalog'],
    ['a password', { password: 'x' }, '`password` is a credential'],
    ['a method of its own', { method: 'ldap' }, '`method` says how to log in, and the action sets it'],
  ])('%s', async (_name, more, problem) => {
    const [first] = await problemsOf(setting({ ...CONNECTION, ...more }))
    expect(first).toContain(problem)
  })

  test('nor is the check of certificates left to an expression', async () => {
    const profiles = `shop:
  target: prod
  outputs:
    prod: { type: trino, host: trino.acme.example, database: lake, schema: s, cert: "{{ 'false' | as_bool }}" }
`
    const inputs = { ref: 'refs/heads/main', profile: 'shop' }
    expect(await problemsOf({ inputs, files: { 'profiles.yml': profiles } })).toEqual([
      expect.stringContaining('`cert` must be the PEM file of your certificate authority'),
    ])
  })

  test.each(['http://127.0.0.1:9701', 'https://localhost'])(
    'an exchange at %s is one in a rehearsal only',
    async (origin) => {
      const entra = `{ via: entra, tenant: 72f988bf-86f1-41af-91ab-2d7cd011db47, client-id: 8e8a1c2f-5b0e-4f0e-9d44-0f4f2f6f3a10, scope: api://trino/.default, authority: "${origin}" }`
      const oauth = `{ via: oauth, token-url: "${origin}/token", grant: jwt-bearer }`
      for (const identity of [entra, oauth]) {
        const [first] = await problemsOf(setting(CONNECTION, { identity }))
        expect(first).toContain('is this machine: a token is traded there in a rehearsal only')
        const rehearsal = { ...setting(CONNECTION, { identity }), serverUrl: 'http://127.0.0.1:9700' }
        expect((await configOf(rehearsal)).targets.size).toBe(1)
      }
    },
  )
})

describe('the trust', () => {
  test('names issuer, audience and the user of each subject', async () => {
    const [properties, users] = await documents(CONNECTION)
    expect(properties?.text.split('\n').filter((line) => !line.startsWith('#'))).toEqual([
      'http-server.authentication.type=JWT',
      'http-server.authentication.jwt.key-file=https://token.actions.githubusercontent.com/.well-known/jwks',
      'http-server.authentication.jwt.required-issuer=https://token.actions.githubusercontent.com',
      'http-server.authentication.jwt.required-audience=https://trino.acme.example',
      'http-server.authentication.jwt.principal-field=sub',
      'http-server.authentication.jwt.user-mapping.file=etc/dbt-oidc-users.json',
      '',
    ])
    expect(parseRecord(users?.text ?? '')).toEqual({
      rules: [{ pattern: 'repo:o/r:environment:production', user: 'dbt-o-r-prod' }],
    })
    expect(properties).toMatchObject({
      heldThere: ['repository', 'environment'],
      checkedHere: ['event_name'],
    })
  })

  test("behind an identity provider maps its client, and holds none of GitHub's claims", async () => {
    const identity =
      '{ via: oauth, token-url: "https://as.example/token", grant: client-credentials, client-id: dbt.prod }'
    const all = await documents({ ...CONNECTION, user: 'transformer' }, { identity })
    const users = all.find(({ title }) => title.includes('users.json'))
    expect(parseRecord(users?.text ?? '')).toEqual({
      rules: [{ pattern: 'dbt[.]prod', user: 'transformer' }],
    })
    expect(all.find(({ language }) => language === 'properties')).toMatchObject({
      heldThere: [],
      checkedHere: [],
    })
  })

  test('gives the user one schema, whose placeholder is any that the token can fill', async () => {
    const [, , rules] = await documents(CONNECTION)
    expect(parseRecord(rules?.text ?? '').schemas).toEqual([
      { user: 'dbt-o-r-prod', catalog: 'lake', schema: 'pr_[a-z0-9_]+', owner: true },
      { user: 'dbt-o-r-prod', owner: false },
    ])
  })

  test.each([
    ['repo:o/r.x:ref:refs/heads/main', 'repo:o/r[.]x:ref:refs/heads/main'],
    ['repo:o/r:environment:*', 'repo:o/r:environment:[^/:]*'],
    ['repo:o/r:ref:**', 'repo:o/r:ref:[^:]*'],
    ['a+b(c)|d$', 'a[+]b[(]c[)][|]d[$]'],
  ])('writes %s as %s', (pattern, regex) => {
    expect(toRegex(pattern)).toBe(regex)
    expect(new RegExp(`^(?:${regex})$`).test(pattern.replaceAll('*', 'x'))).toBe(true)
  })

  test('refuses what it could not write without an escape', () => {
    expect(() => toRegex('repo:o/r:environment:[x]')).toThrow(
      expect.objectContaining({
        code: 'configuration',
        problem: expect.stringMatching(/without an escape/),
        remedy: expect.stringMatching(/^Use a name without `\[`/),
      }),
    )
  })
})

test.each([
  ["error 401: b'Unauthorized'", 'does not say why'],
  ['Access Denied: User dbt-o-r-prod cannot impersonate user ada', 'stands for the user `dbt-o-r-prod`'],
  [
    "SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED]'))",
    'does not trust the certificate',
  ],
  ['Access Denied: Cannot create schema lake.x', 'Cannot create schema lake.x'],
])('%s is explained', (text, problem) => {
  expect(trino.bind(CONNECTION).diagnose(text, claimsOf())?.problem).toContain(problem)
})

test('what is not known is not explained', () => {
  expect(trino.bind(CONNECTION).diagnose('line 1:1: mismatched input', claimsOf())).toBeUndefined()
})

function setting(connection: unknown, inputs: Record<string, string> = {}): Setting {
  return {
    inputs: { run: 'build', connection: JSON.stringify(connection), environment: 'production', ...inputs },
  }
}

async function documents(connection: unknown, inputs: Record<string, string> = {}) {
  const config = await configOf(setting(connection, inputs))
  const [target] = config.targets.values()
  if (!target) throw new Error('no target')
  return await trustDocuments(config, target)
}

describe('what shuts others out is said where it is pasted', () => {
  test.each([
    ['direct', ''],
    [
      'entra',
      'via: entra\ntenant: 72f988bf-86f1-41af-91ab-2d7cd011db47\nclient-id: 8e8a1c2f-5b0e-4f0e-9d44-0f4f2f6f3a10\nscope: api://t/.default',
    ],
  ])('%s', async (_via, identity) => {
    const all = await documents(CONNECTION, identity === '' ? {} : { identity })
    const properties = all.find(({ language }) => language === 'properties')
    expect(properties?.text).toMatch(/append ,JWT to it/)
    expect(properties?.text).toMatch(/no rule of security\.config-file/)
  })

  test('and a host is a name alone', async () => {
    const [problem] = await problemsOf(setting({ ...CONNECTION, host: 'https://trino.acme.example' }))
    expect(problem).toContain('leave `https://` and any path away')
  })
})
