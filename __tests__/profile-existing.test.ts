import { describe, expect, test } from '@jest/globals'
import { readProfiles, writeProfile } from '../src/profile.ts'
import type { Wanted } from '../src/profile.ts'

const file = `
base: &base
  threads: 4
acme:
  target: "{{ env_var('TARGET', 'dev') }}"
  outputs:
    dev: &dev
      <<: *base
      type: postgres
      host: "{{ env_var('HOST') }}"
      port: 5432
      password: hunter2
      token_endpoint:
        type: okta
        idp_auth_credentials: hunter3
      secrets:
        - {type: s3, secret: hunter4}
        - {type: gcs, secret: hunter5}
    ci:
      <<: *dev
      schema: ci
    odd: [1]
    default: {type: "{{ env_var('TYPE') }}"}
plain:
  outputs:
    default: {type: duckdb, path: "x{{ 1 }}"}
empty:
`

const wanted = (over: Partial<Wanted> = {}): Wanted => ({
  profile: 'acme',
  target: undefined,
  env: () => undefined,
  credentialFields: (type) =>
    // Nobody is asked for the fields of a type that is not known.
    type.startsWith('postgres') ? ['password', 'token_endpoint.idp_auth_credentials', 'secrets.secret'] : [],
  ...over,
})

const output = (fields: string): string => `acme:\n  outputs:\n    default:\n      ${fields}\n`

const target = (over: Partial<Wanted>): unknown =>
  readProfiles(file, 'profiles.yml', wanted(over)).existing?.target

describe('an existing profiles.yml', () => {
  test('gives the output of its own target, without the credentials', () => {
    const { existing, problems } = readProfiles(file, 'profiles.yml', wanted())
    expect(problems).toEqual([])
    expect(existing).toMatchObject({
      target: 'dev',
      type: 'postgres',
      dropped: ['password', 'token_endpoint.idp_auth_credentials', 'secrets.secret'],
    })
    expect(
      existing &&
        writeProfile({
          profile: 'p',
          target: 't',
          output: existing.output,
          secrets: () => ({ kind: 'literal', text: '' }),
        }),
    ).toBe(`p:
  target: "t"
  outputs:
    t:
      threads: 4
      type: "postgres"
      host: "{{ env_var('HOST') }}"
      port: 5432
      token_endpoint:
        type: "okta"
      secrets:
        -
          type: "s3"
        -
          type: "gcs"
`)
  })

  test('gives the target asked for, or that of the environment, or `default`', () => {
    expect(target({ target: 'ci' })).toBe('ci')
    expect(target({ env: (name) => (name === 'TARGET' ? 'ci' : undefined) })).toBe('ci')
    expect(target({ profile: 'plain' })).toBe('default')
  })

  test.each<[Partial<Wanted>, string]>([
    [{ profile: 'acne' }, 'profiles.yml:2:1 There is no profile "acne" here. Did you mean "acme"?'],
    [
      { profile: 'zzzzzz' },
      'profiles.yml:2:1 There is no profile "zzzzzz" here. There are: base, acme, plain, empty.',
    ],
    [{ profile: 'empty' }, 'profiles.yml:27:1 The profile "empty" must be a mapping.'],
    [{ profile: 'base' }, 'profiles.yml:3:3 There is no key "outputs" here. There are: threads.'],
    [
      { target: 'prod' },
      'profiles.yml:7:5 There is no output "prod" here. There are: dev, ci, odd, default.',
    ],
    [{ target: 'odd' }, 'profiles.yml:22:5 The output "odd" must be a mapping.'],
    [{ target: '' }, 'profiles.yml:7:5 There is no output "" here. There are: dev, ci, odd, default.'],
    [{ target: 'default' }, 'profiles.yml:23:15 "type" needs the variable TYPE, which dbt would not find.'],
  ])('says what is missing: %j', (over, expected) => {
    const { existing, problems } = readProfiles(file, 'profiles.yml', wanted(over))
    expect(existing).toBeUndefined()
    expect(problems.map(({ place, problem }) => `${place} ${problem}`)).toEqual([expected])
  })

  test.each([
    ['', /^profiles.yml The file holds no profiles/],
    ['- a', /^profiles.yml:1:1 The file holds no profiles/],
    ['acme: {outputs: {default: {type: !x y}}}', /Tags/],
    [output('schema: x'), /^profiles.yml:4:7 The output has no "type"/],
    [output('type: 5'), /^profiles.yml:4:7 "type" must be text\.$/],
    [output('type: [x]'), /^profiles.yml:4:7 "type" must be text\.$/],
    [output('type: "{{ 1 }}"'), /"type" must be text or a plain/],
    [
      'acme:\n  target: "{{ 1 }}"\n  outputs: {a: {type: x}}',
      /^profiles.yml:2:3 "target" must be text or a plain/,
    ],
    ['acme:\n  target: [a]\n  outputs: {a: {type: x}}', /^profiles.yml:2:3 "target" must be text\.$/],
    [
      'acme:\n  target: a b\n  outputs:\n    a b: {type: x}',
      /^profiles.yml:4:10 "a b" cannot name a profile/,
    ],
    ['acme: {outputs: {}}', /^profiles.yml:1:17 There is no output "default" here. There are: none\.$/],
    [
      `acme:\n  outputs:\n${Array.from({ length: 12 }, (_, at) => `    key${at}: {type: x}\n`).join('')}`,
      /^profiles.yml:3:5 There is no output "default" here. There are: key0, key1, [key0-9, ]+, key9\.$/,
    ],
    ['acme: b: c', /^profiles.yml:1:7 A mapping cannot begin here/],
    [
      '# a\u2029b\nacme: {outputs: {default: {type: x}}}',
      /^profiles.yml:1 The line holds an invisible separator/,
    ],
    [
      'acme: {outputs: {default: {type: x}}} # \u0085',
      /^profiles.yml:1 The line holds an invisible separator/,
    ],
    [output('type: x\n      a: "b\\0"'), /^profiles.yml:5:10 The text holds a NUL/],
    [output('type: x\n      a: [DBT_ENV_SECRET_X]'), /^profiles.yml:5:11 The text contains DBT_ENV_SECRET/],
    [
      output(`type: x\n      a: "{{ env_var('DBT_ENV_SECRET_DBT_OIDC_TOKEN') }}"`),
      /^profiles.yml:5:10 .*belongs to this action/,
    ],
    [output('type: x\n      a: "b\u2028c"'), /^profiles.yml:5 The line holds an invisible separator/],
  ])('is refused with its place: %j', (file, expected) => {
    const { existing, problems } = readProfiles(file, 'profiles.yml', wanted())
    expect(existing).toBeUndefined()
    expect(problems.map(({ place, problem }) => `${place} ${problem}`)).toEqual([
      expect.stringMatching(expected),
    ])
  })

  test('may use its own secrets by name', () => {
    const { existing, problems } = readProfiles(
      output(`type: x\n      a: "{{ env_var('DBT_ENV_SECRET_A') }}"`),
      'profiles.yml',
      wanted(),
    )
    expect(problems).toEqual([])
    expect(existing?.output.get('a')).toEqual({ kind: 'jinja', source: "{{ env_var('DBT_ENV_SECRET_A') }}" })
  })
})
