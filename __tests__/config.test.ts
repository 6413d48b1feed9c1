import { describe, expect, test } from '@jest/globals'
import { changedConfigCases } from './hostile/changed-config.ts'
import { CONFIG_CASES } from './hostile/config.ts'
import { configOf, problemsOf } from './support/config-of.ts'

const MAIN = { ref: 'refs/heads/main' }
const DUCK = { ...MAIN, connection: '{ type: duckdb, path: prod.duckdb }' }
const snow = (extra: string): Record<string, string> => ({
  ...MAIN,
  connection: `{ type: snowflake, account: acme, database: D, schema: S, ${extra} }`,
})

test('only cases of the corpus are met in other words, each listed once', () => {
  const ids = changedConfigCases.map(({ id }) => id)
  expect(new Set(ids).size).toBe(ids.length)
  for (const id of ids) expect(CONFIG_CASES.map((one) => one.id)).toContain(id)
})

describe('the inputs', () => {
  test('are refused with all their problems at once, each with its place', async () => {
    const problems = await problemsOf({
      inputs: {
        enviroment: 'production',
        'without-token': 'skp',
        summary: 'yes',
        env: 'A=s3cret',
        claims: '{ actr: octocat }',
        identity: '- none',
        connection: 'type: duckdb\nmotherduck_token: s3cret\npath: "{repositry}"',
        'project-dir': '../../etc',
        issuer: 'https://evil.test',
        run: 'build --target prod',
      },
      env: { NODE_TLS_REJECT_UNAUTHORIZED: '0' },
    })
    expect(
      problems.map((problem) => /^(.*?): /.exec(problem)?.[1] ?? '').toSorted((a, b) => (a < b ? -1 : 1)),
    ).toEqual([
      'environment',
      'input "claims":1:3',
      'input "connection":2:1',
      'input "connection":3:1',
      'input "env"',
      'input "enviroment"',
      'input "identity"',
      'input "issuer"',
      'input "project-dir"',
      'input "run"',
      'input "summary"',
      'input "without-token"',
    ])
    expect(problems.join('\n')).not.toContain('s3cret')
  })

  test('are refused with heading and problem apart, also where there is one problem', async () => {
    await expect(configOf({ inputs: { ...DUCK, reff: 'x' } })).rejects.toMatchObject({
      problem: 'The configuration has a problem.',
      details: ['input "reff": This action has no such input; did you mean `ref`?'],
    })
  })

  test.each<[string, Record<string, string>, readonly string[]]>([
    [
      'comments in the place of commands',
      { ...DUCK, run: '# dbt build\n\n  # dbt test\n' },
      ['input "run": line 1, column 1: there are only comments here, and no command'],
    ],
    [
      'an input that does not exist',
      { ...DUCK, reff: 'x' },
      ['input "reff": This action has no such input; did you mean `ref`?'],
    ],
    [
      'a branch by its name',
      { ...DUCK, branch: 'main' },
      ['input "branch": This action has no such input; did you mean `ref: refs/heads/main`?'],
    ],
    [
      'a tag that might be a secret',
      { ...DUCK, tag: 's3cret with spaces' },
      ['input "tag": This action has no such input; did you mean `ref: refs/tags/NAME`?'],
    ],
    [
      'a claim that is no input of its own',
      { ...DUCK, event: 'push' },
      ['input "event": This action has no such input; did you mean `claims: "{ event_name: … }"`?'],
    ],
    [
      'a key of the identity',
      { ...DUCK, via: 'google' },
      ['input "via": This action has no such input: it belongs under `identity:`.'],
    ],
    [
      'another word for an input',
      { ...DUCK, repo: 'o/r' },
      ['input "repo": This action has no such input; did you mean `repository`?'],
    ],
    [
      'an input like nothing known',
      { ...DUCK, zzzzzz: 'x' },
      ['input "zzzzzz": This action has no such input.'],
    ],
    [
      'a choice that does not exist',
      { ...DUCK, until: 'grants' },
      ['input "until": `grants` is none of claims, grant, exchange, profile; did you mean `grant`?'],
    ],
    ['a connection that is no YAML', { ...MAIN, connection: '{ type: ' }, ['input "connection":1:']],
    ['a connection that is a list', { ...MAIN, connection: '- a' }, ['input "connection": Write a YAML map']],
    [
      'a connection without a type',
      { ...MAIN, connection: 'path: x' },
      ['input "connection":1:1: The connection has no `type`'],
    ],
    [
      'an unknown warehouse',
      { ...MAIN, connection: 'type: snowflak' },
      ['input "connection":1:1: Unknown warehouse `snowflak`; did you mean `snowflake`?'],
    ],
    [
      'an unknown exchange',
      { ...snow(''), identity: 'via: dirct' },
      ['input "identity":1:1: Snowflake takes no credential via `dirct`; did you mean `direct`?'],
    ],
    [
      'a blank exchange',
      { ...snow(''), identity: 'via:' },
      ['input "identity":1:1: Snowflake takes no credential via ``'],
    ],
    [
      'an exchange that YAML reads as a number',
      { ...DUCK, identity: 'via: 5' },
      ['input "identity":1:1: DuckDB takes no credential via `5`'],
    ],
    [
      'an exchange that is a list',
      { ...DUCK, identity: 'via: [none]' },
      ['input "identity":1:1: `via` must be the name'],
    ],
    [
      'an unknown setting of an exchange',
      { ...snow(''), identity: 'vai: direct' },
      ['input "identity":1:1: Unknown key `vai`'],
    ],
    [
      'an unknown placeholder in a list',
      { ...MAIN, connection: 'type: duckdb\nattach:\n  - path: "{shaa}"' },
      ['input "connection":3:5: `attach.0.path`: {shaa} is neither'],
    ],
    [
      'a reserved word of dbt in a text',
      { ...MAIN, connection: 'type: duckdb\nschema: DBT_ENV_SECRET_X' },
      ['input "connection":2:1: `schema`: The text contains DBT_ENV_SECRET'],
    ],
    [
      'a name of a target that no profile can have',
      { ...DUCK, target: 'a b' },
      ['input "target": "a b" cannot name'],
    ],
    [
      'a profile beside a connection',
      { ...DUCK, profile: 'x', 'profiles-dir': 'y' },
      ['input "profiles-dir": It has no say', 'input "profile": It has no say'],
    ],
    ['a claim given twice', { ...DUCK, claims: 'ref: x' }, ['input "claims": `ref` is given twice']],
    ['claims that are a text', { ...DUCK, claims: 'main' }, ['input "claims":1:1: Write a map of claims']],
    ['a blank claim', { ...DUCK, claims: 'actor:' }, ['input "claims":1:']],
    [
      'a claim with an empty list',
      { ...DUCK, claims: 'actor: []' },
      ['input "claims":1:1: `actor` has an empty list'],
    ],
    [
      'an issuer of another server',
      { ...DUCK, issuer: 'https://token.actions.githubusercontent.com.evil.test' },
      ['input "issuer": The issuer that is configured'],
    ],
    ['no connection and no profile', MAIN, ['inputs: There is nothing to connect to']],
    ['no restriction', { connection: 'type: duckdb' }, ['inputs: Nothing restricts']],
    ['an empty expression for the ref', { ...DUCK, ref: '' }, ['inputs: Nothing restricts']],
    [
      'a restriction to repository and owner',
      { ...DUCK, ref: '', repository: 'o/r', claims: 'repository_owner: o' },
      ['inputs: Nothing restricts'],
    ],
  ])('%s: refused', async (_, inputs, expected) => {
    const problems = await problemsOf({ inputs })
    expect(expected.filter((start) => !problems.some((problem) => problem.startsWith(start)))).toEqual([])
  })

  test.each(['password', 'private_key', 'token', 'authenticator', 'oauth_client_secret'])(
    'refuse the credential %s in a connection at its line, without repeating it',
    async (field) => {
      const [problem = '', ...others] = await problemsOf({ inputs: snow(`${field}: hunter2`) })
      expect(problem).toMatch(
        new RegExp(`^input "connection":1:\\d+: .${field}. (?:is a credential|says how to log in)`),
      )
      expect([problem, ...others].join('\n')).not.toContain('hunter2')
    },
  )

  test('refuse a credential that is nested', async () => {
    const inputs = { ...MAIN, connection: 'type: duckdb\nsettings:\n  motherduck_token: x' }
    expect((await problemsOf({ inputs }))[0]).toMatch(/^input "connection":3:3: `settings.motherduck_token`/)
  })

  test.each(['true', 'True', 'TRUE'])('read %s as true', async (text) => {
    expect((await configOf({ inputs: { ...DUCK, summary: text } })).summary).toBe(true)
  })

  test.each(['false', 'False', 'FALSE', ''])('read "%s" as false', async (text) => {
    expect((await configOf({ inputs: { ...DUCK, 'export-env': text } })).exportEnv).toBe(false)
  })

  test.each(['yes', '1', 'tRuE', 'on', 'null'])('do not guess whether %s is true', async (text) => {
    const inputs = { ...DUCK, 'output-credential': text }
    expect(await problemsOf({ inputs })).toEqual([
      `input "output-credential": \`${text}\` is neither \`true\` nor \`false\`.`,
    ])
  })

  test('take names of variables between commas, spaces and lines', async () => {
    expect((await configOf({ inputs: { ...DUCK, env: 'A, B\nSHOP_*' } })).env).toEqual(['A', 'B', 'SHOP_*'])
  })

  test.each(['GITHUB_TOKEN', 'ACTIONS_ID_TOKEN_REQUEST_TOKEN', 'INPUT_*', 'A*', 'A-B', '*'])(
    'refuse %s as the name of a variable before anything is asked for',
    async (env) => {
      expect((await problemsOf({ inputs: { ...DUCK, env } }))[0]).toMatch(/^input "env": /)
    },
  )

  test.each(['project-dir', 'profiles-dir'])('do not lead %s out of the workspace by dots', async (name) => {
    for (const path of ['../../etc', '..', 'a/../../b']) {
      const problems = await problemsOf({ inputs: { ...MAIN, [name]: path } })
      expect(problems).toContain(`input "${name}": \`${path}\` leads out of the workspace.`)
    }
  })

  test('take a directory whose name begins with dots, and an absolute one as meant', async () => {
    for (const [given, path] of [
      ['..shop', '/w/..shop'],
      ['/srv/shop', '/srv/shop'],
    ] as const)
      expect((await configOf({ inputs: { ...DUCK, 'project-dir': given } })).projectDir).toBe(path)
  })
})

describe('one target and one grant', () => {
  test('come of the inputs, named as asked and with the audience that was chosen', async () => {
    const { targets, grants, asked, origin, issuer } = await configOf({
      inputs: { ...DUCK, target: 'staging', audience: 'mine', repository: 'o/other' },
    })
    expect([...targets.values()].map(({ name, audience }) => [name, audience])).toEqual([['staging', 'mine']])
    expect(grants.map(({ name, target }) => [name, target])).toEqual([['inputs', 'staging']])
    expect(grants[0]?.when).toEqual(
      new Map([
        ['repository', ['o/other']],
        ['ref', ['refs/heads/main']],
      ]),
    )
    expect([asked, origin]).toEqual([undefined, 'inputs'])
    expect(issuer).toBe('https://token.actions.githubusercontent.com')
  })

  test('take the issuer of an enterprise, which extends the server’s own', async () => {
    const issuer = 'https://token.actions.githubusercontent.com/acme'
    expect((await configOf({ inputs: { ...DUCK, issuer } })).issuer).toBe(issuer)
  })

  test('need a server that is one', async () => {
    expect(await problemsOf({ inputs: DUCK, serverUrl: 'http://github.com' })).toEqual([
      'environment: GITHUB_SERVER_URL is not the https address of a GitHub server.',
    ])
  })
})
