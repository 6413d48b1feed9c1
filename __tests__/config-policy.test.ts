import { describe, expect, test } from '@jest/globals'
import { configOf, problemsOf } from './support/config-of.ts'

const FILE = '.github/dbt-oidc.yml'
const TARGETS = `targets:
  prod: { connection: { type: duckdb } }
  snow: { connection: { type: snowflake, account: acme, database: D, schema: S } }
`
const MAIN = '  - { target: prod, when: { ref: refs/heads/main } }\n'
const POLICY = `${TARGETS}grants:\n${MAIN}`
const withGrant = (grant: string): string => `${TARGETS}grants:\n  - { target: prod, ${grant} }\n`
const ON_MAIN = 'when: { ref: refs/heads/main }'

describe('a policy file', () => {
  test.each<[string, Parameters<typeof problemsOf>[0], string]>([
    ['is missing', { inputs: { config: 'nope.yml' } }, 'input "config": There is no file `nope.yml`'],
    [
      'is a directory',
      { files: { [FILE]: { kind: 'directory' } } },
      `${FILE}: \`${FILE}\` is a directory; name the file.`,
    ],
    [
      'named by the input is a directory',
      { inputs: { config: 'd' }, files: { d: { kind: 'directory' } } },
      'input "config": `d` is a directory',
    ],
    [
      'cannot be read',
      { files: { [FILE]: { kind: 'unreadable', why: 'EACCES' } } },
      `${FILE}: \`${FILE}\` cannot be read: EACCES.`,
    ],
    ['is empty', { policy: '' }, `${FILE}: The policy file is empty`],
    ['has only comments', { policy: '# later\n' }, `${FILE}: The policy file is empty`],
    ['is a list', { policy: '- a' }, `${FILE}: The policy file must be a map`],
    ['is half written', { policy: `${TARGETS}grants: [ {` }, `${FILE}:`],
    ['is HTML', { policy: '<!doctype html>\n<p>Not found</p>' }, FILE],
    ['is binary', { policy: 'PK\u0003\0' }, `${FILE}: Line 1 holds a NUL character`],
    ['has two documents', { policy: `${POLICY}---\na: b\n` }, `${FILE}:6:1: A second document`],
    [
      'lies outside of the workspace',
      { inputs: { config: '../p.yml' } },
      'input "config": `../p.yml` leads out of the workspace.',
    ],
  ])('that %s is refused in one sentence', async (_, setting, start) => {
    const problems = await problemsOf(setting)
    expect(problems).toHaveLength(1)
    expect(problems[0]?.startsWith(start) ? start : problems[0]).toBe(start)
  })

  test.each<[string, string, string]>([
    ['no target', `targets: {}\ngrants:\n${MAIN}`, '1:10: `targets` must name at least one target.'],
    ['no grant', `${TARGETS}grants: []\n`, '4:9: `grants` must not be empty.'],
    [
      'a misspelt key of a grant',
      withGrant(`${ON_MAIN}, reviewd: 2026-11-01`),
      '5:53: Unknown key `reviewd`; did you mean `reviewed`?',
    ],
    [
      'a misspelt key of a target',
      `targets: { p: { conection: {} } }\ngrants:\n${MAIN}`,
      '1:17: `targets.p.connection` is missing, but there is `conection`: did you mean `connection`?',
    ],
    ['a grant without conditions', withGrant('name: a'), '5:5: `grants.0.when` is missing.'],
    [
      'an unknown target of a grant',
      POLICY.replace('target: prod', 'target: prd'),
      '5:15: There is no target `prd`; did you mean `prod`?',
    ],
    [
      'an unknown warehouse',
      POLICY.replace('type: duckdb', 'type: duckbd'),
      '2:25: Unknown warehouse `duckbd`; did you mean `duckdb`?',
    ],
    ['a connection without a type', POLICY.replace('type: duckdb', ''), '2:23: The connection has no `type`'],
    [
      'a credential',
      POLICY.replace('schema: S', 'schema: S, password: x'),
      '3:81: `password` is a credential',
    ],
    [
      'a placeholder of no claim',
      POLICY.replace('type: duckdb', 'type: duckdb, path: "{shaa}"'),
      '2:39: `path`: {shaa} is neither',
    ],
    [
      'a blank audience',
      POLICY.replace('type: duckdb }', 'type: duckdb }, audience: null'),
      '2:51: `audience` is empty',
    ],
    [
      'a blank exchange',
      POLICY.replace('type: duckdb }', 'type: duckdb }, identity: { via: }'),
      '2:53: DuckDB takes no credential via ``',
    ],
    ['a blank issuer', `${POLICY}issuer:\n`, '6:8: `issuer` is empty'],
    [
      'the issuer of another server',
      `${POLICY}issuer: https://evil.test\n`,
      '6:9: The issuer that is configured is not the one',
    ],
    ['a blank claim', withGrant('when: { environment: }'), '5:42: `environment` is empty'],
    ['conditions that are a list', withGrant('when: [ref]'), '5:27: Write a map of claims'],
    ['a grant for the repository alone', withGrant('when: { repository: o/r }'), '5:27: Nothing restricts'],
    [
      'an id that is no number',
      `${POLICY}repository-id: 0x1F\n`,
      '6:16: `repository-id` does not look right',
    ],
    [
      'an age without its unit',
      `${POLICY}review: { warn: 90 }\n`,
      '6:17: `review.warn` does not look right: write a number of days',
    ],
    [
      'two grants of one name',
      withGrant(`name: a, ${ON_MAIN}`) + MAIN.replace('{ ', '{ name: a, '),
      `6:5: The grant name \`a\` is taken by ${FILE}:5:5.`,
    ],
    [
      'a target that hides from the schema',
      `targets: { __proto__: { x: y } }\ngrants:\n${MAIN}`,
      '1:12: A target cannot be named `__proto__`.',
    ],
    ['an anchor', POLICY.replace('type: duckdb', 'type: &a duckdb'), '2:'],
  ])('with %s is refused at its place', async (_, policy, start) => {
    const problems = await problemsOf({ policy })
    const found = problems.find((problem) => problem.startsWith(`${FILE}:${start}`))
    expect(found ?? problems).toBe(found)
  })

  test('is read to its end: problems come from top to bottom, those of the inputs with them', async () => {
    const policy = `repositry: o/r
targets:
  prod: { connection: { type: duckdb, motherduck_token: x } }
grants:
  - { target: prd, when: { enviroment: x }, reviewed: soon }
issuer: https://evil.test
`
    const problems = await problemsOf({ policy, inputs: { target: 'prdo', profile: 'x', claims: 'actr: x' } })
    expect(problems.map((problem) => /^(.*?): /.exec(problem)?.[1])).toEqual([
      'input "profile"',
      'input "claims":1:1',
      `${FILE}:1:1`,
      `${FILE}:3:39`,
      `${FILE}:5:15`,
      `${FILE}:5:28`,
      `${FILE}:5:55`,
      `${FILE}:6:9`,
      'input "target"',
    ])
  })

  test('can stand elsewhere', async () => {
    const config = await configOf({
      inputs: { config: 'ops/policy.yml' },
      files: { 'ops/policy.yml': POLICY },
    })
    expect([config.origin, config.grants[0]?.place]).toEqual(['ops/policy.yml', 'ops/policy.yml:5:5'])
  })

  test.each(['connection', 'identity', 'profiles-dir', 'profile', 'audience'])(
    'leaves no say to %s',
    async (name) => {
      expect(await problemsOf({ policy: POLICY, inputs: { [name]: 'x' } })).toEqual([
        `input "${name}": It has no say beside the policy file \`${FILE}\`: write it there, or remove the file.`,
      ])
    },
  )

  test('has a say in the issuer that the input may repeat and not change', async () => {
    const issuer = 'https://token.actions.githubusercontent.com/acme'
    const policy = `${POLICY}issuer: ${issuer}\n`
    expect((await configOf({ policy, inputs: { issuer } })).issuer).toBe(issuer)
    expect(await problemsOf({ policy, inputs: { issuer: issuer.replace('acme', 'evil') } })).toEqual([
      'input "issuer": It differs from the `issuer` of the policy file; say it in one place.',
    ])
  })
})

describe('the inputs beside a policy file', () => {
  test('narrow every grant and widen none', async () => {
    const inputs = { ref: '**', environment: 'production', claims: 'actor: [a, b]' }
    const { grants } = await configOf({ policy: POLICY, inputs })
    expect(grants.map(({ narrow }) => narrow)).toEqual([
      new Map([
        ['ref', ['**']],
        ['environment', ['production']],
        ['actor', ['a', 'b']],
      ]),
    ])
    expect(grants[0]?.when.get('ref')).toEqual(['refs/heads/main'])
  })

  test('do not stand in for a restriction that a grant lacks', async () => {
    const policy = withGrant('when: { repository: o/r }')
    expect((await problemsOf({ policy, inputs: { ref: 'refs/heads/main' } }))[0]).toContain(
      'Nothing restricts',
    )
  })

  test.each([
    [
      { claims: 'enviroment: x' },
      'input "claims":1:1: GitHub\'s tokens have no claim "enviroment": did you mean `environment`?',
    ],
    [{ claims: 'actor: []' }, 'input "claims":1:1: `actor` has an empty list'],
    [{ ref: 'main' }, 'input "ref": refs are written in full'],
    [{ claims: 'aud: x' }, 'input "claims":1:1: The audience is checked before any grant'],
  ])('are held to the same words and values: %j', async (inputs, start) => {
    const [problem = ''] = await problemsOf({ policy: POLICY, inputs })
    expect(problem.slice(0, start.length)).toBe(start)
  })

  test('ask for a target that is there', async () => {
    expect((await configOf({ policy: POLICY, inputs: { target: 'prod' } })).asked).toBe('prod')
    expect(await problemsOf({ policy: POLICY, inputs: { target: 'prdo' } })).toEqual([
      `input "target": \`${FILE}\` has no target \`prdo\`; did you mean \`prod\`? It has: prod, snow.`,
    ])
  })
})
