import { describe, expect, test } from '@jest/globals'
import { GRANTED, openJob } from './support/job.ts'
import { REFUSED, verdictOn } from './support/refused.ts'
import type { StepOptions } from './support/step.ts'

const RUN = { run: 'build' }
const given = (inputs: Readonly<Record<string, string>>): StepOptions => ({
  inputs: { ...GRANTED, ...inputs },
})

describe('an input is refused before any request that', () => {
  test.each<[string, StepOptions, string]>([
    [
      'the action does not declare',
      given({ projectdir: 'x' }),
      'input "projectdir": This action has no such input; did you mean `project-dir`?',
    ],
    [
      'names an unknown warehouse',
      given({ connection: '{ type: duckbd }' }),
      'input "connection":1:3: Unknown warehouse `duckbd`; did you mean `duckdb`?',
    ],
    ['is no YAML', given({ connection: '{ type: duckdb' }), 'input "connection":1:'],
    ['is no map', given({ connection: 'duckdb' }), 'input "connection": Write a YAML map of keys to values.'],
    [
      'misspells a claim',
      given({ claims: '{ repositry_id: 456 }' }),
      'input "claims":1:3: GitHub\'s tokens have no claim "repositry_id": did you mean `repository_id`?',
    ],
    ['gives a claim nothing', given({ claims: '{ actor: }' }), '`actor` is empty'],
    ['gives a claim an empty list', given({ claims: '{ actor: [] }' }), 'actor'],
    ['has too many stars', given({ ref: 'refs/heads/***' }), 'input "ref": '],
    [
      'stops after an unknown word',
      given({ until: 'grants' }),
      'input "until": `grants` is none of claims, grant, exchange, profile; did you mean `grant`?',
    ],
    [
      'is neither true nor false',
      given({ summary: 'perhaps' }),
      'input "summary": `perhaps` is neither `true` nor `false`.',
    ],
    ['steers dbt', given({ run: 'build --target dev' }), 'input "run": '],
    ['needs a shell', given({ run: 'build && test' }), 'input "run": '],
    [
      'leads out of the workspace',
      given({ 'project-dir': '../x' }),
      'input "project-dir": `../x` leads out of the workspace.',
    ],
    ['holds a credential', given({ connection: '{ type: duckdb, motherduck_token: x }' }), 'is a credential'],
    [
      'has a placeholder that no token fills',
      given({ connection: "{ type: duckdb, path: '{pull_reqest}.db' }" }),
      '{pull_reqest} is neither a claim nor {pull_request}; did you mean {pull_request}?',
    ],
    ['is missing: no connection', { inputs: { ...RUN, ref: 'refs/heads/main' } }, 'profiles.yml'],
  ])('%s', async (_, options, sentence) => {
    expect(await verdictOn(options, [sentence])).toMatchObject(REFUSED)
  })
})

describe('no run is let through that nothing restricts', () => {
  test.each<[string, Readonly<Record<string, string>>]>([
    ['no condition at all', {}],
    ['an expression without a value', { ref: '', environment: '', claims: '' }],
    ['blanks', { ref: '  ' }],
    ['the repository, which every run of it has', { repository: 'o/r' }],
    ['claims that only name the repository again', { claims: '{ repository_id: 456, repository_owner: o }' }],
  ])('given %s: the error has the line to paste', async (_, inputs) => {
    const { connection } = GRANTED
    const verdict = await verdictOn({ inputs: { ...RUN, connection, ...inputs } }, [
      'Nothing restricts which runs of the repository are let through',
      '`ref: refs/heads/main`',
      '`ref: "**"` says "any branch" on purpose',
    ])
    expect(verdict).toMatchObject(REFUSED)
  })

  test('but `ref: "**"` says so on purpose, with a warning', async () => {
    await using job = await openJob({ claims: { ref: 'refs/heads/anything' } })
    await using step = await job.step(given({ ref: '**' }))
    expect([step.exitCode, step.outputs.get('granted')]).toEqual([0, 'true'])
    expect(step.log.commands.map(({ name }) => name)).toContain('warning')
  })
})

describe('what is wrong', () => {
  test('in the inputs is told all at once', async () => {
    const inputs = {
      run: 'build; x',
      enviroment: 'production',
      connection: '{ type: duckbd }',
      ref: '***',
      claims: '{ actr: x }',
      until: 'never',
      summary: 'perhaps',
      'without-token': 'pass',
      issuer: 'https://evil.example',
    }
    const verdict = await verdictOn({ inputs }, [
      'The configuration has 9 problems.',
      ...Object.keys(inputs).map((name) => `input "${name}"`),
    ])
    expect(verdict).toMatchObject(REFUSED)
  })
})
