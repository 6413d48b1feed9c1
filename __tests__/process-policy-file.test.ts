import { describe, expect, test } from '@jest/globals'
import { GRANTED, PROJECT } from './support/job.ts'
import { REFUSED, verdictOn } from './support/refused.ts'
import type { StepOptions } from './support/step.ts'

const POLICY = '.github/dbt-oidc.yml'
const RULES = `targets:
  prod: { connection: { type: duckdb, path: prod.duckdb } }
grants:
  - { target: prod, when: { ref: refs/heads/main } }
`
const RUN = { run: 'build' }
const ruled = (policy: string): StepOptions => ({ inputs: RUN, files: { ...PROJECT, [POLICY]: policy } })

describe('a policy file is refused before any request that', () => {
  test.each<[string, StepOptions, string]>([
    [
      'is not there',
      { inputs: { ...RUN, config: 'policy.yml' } },
      'input "config": There is no file `policy.yml`. Was the repository checked out before this step?',
    ],
    [
      'is a directory',
      { inputs: { ...RUN, config: 'rules' }, files: { ...PROJECT, 'rules/a.yml': RULES } },
      'input "config": `rules` is a directory; name the file.',
    ],
    [
      'is a directory where it is looked for by itself',
      { inputs: RUN, files: { ...PROJECT, [`${POLICY}/a.yml`]: RULES } },
      '`.github/dbt-oidc.yml` is a directory; name the file.',
    ],
    ['is empty', ruled(''), `${POLICY}: The policy file is empty: it needs \`targets\` and \`grants\`.`],
    ['holds comments only', ruled('# later\n'), 'The policy file is empty'],
    ['is a list', ruled('- prod\n'), `${POLICY}: The policy file must be a map`],
    ['is no YAML', ruled('targets: [\n'), `${POLICY}:`],
    ['is half-written', ruled(RULES.slice(0, RULES.indexOf('grants:'))), '`grants` is missing.'],
    ['is no text', ruled('targets: \0'), 'holds a NUL character'],
    [
      'has no grants in its list',
      ruled(RULES.replace(/grants:[^]*/, 'grants: []\n')),
      `${POLICY}:3:9: \`grants\` must not be empty.`,
    ],
    [
      'grants an unknown target',
      ruled(RULES.replace('target: prod, when', 'target: prdo, when')),
      `${POLICY}:4:15: There is no target \`prdo\`; did you mean \`prod\`?`,
    ],
    [
      'has no target of the name that is asked for',
      { ...ruled(RULES), inputs: { ...RUN, target: 'produ' } },
      `input "target": \`${POLICY}\` has no target \`produ\`; did you mean \`prod\`? It has: prod.`,
    ],
    [
      'misspells a key',
      ruled(RULES.replace('grants:', 'repositry: o/r\ngrants:')),
      `${POLICY}:3:1: Unknown key \`repositry\`; did you mean \`repository\`?`,
    ],
    [
      'misspells a claim',
      ruled(RULES.replace('ref: refs/heads/main', 'ref: refs/heads/main, enviroment: x')),
      'did you mean `environment`?',
    ],
    [
      'has a grant without conditions',
      ruled(RULES.replace('{ ref: refs/heads/main }', '{}')),
      'Nothing restricts which runs of the repository are let through',
    ],
    [
      'has a grant that names the repository only',
      ruled(RULES.replace('{ ref: refs/heads/main }', '{ repository: o/r }')),
      'Nothing restricts which runs of the repository are let through',
    ],
    [
      'has `connection` beside it',
      { ...ruled(RULES), inputs: GRANTED },
      `input "connection": It has no say beside the policy file \`${POLICY}\``,
    ],
  ])('%s', async (_, options, sentence) => {
    expect(await verdictOn(options, [sentence])).toMatchObject(REFUSED)
  })
})

describe('what is wrong in a policy file', () => {
  test('is told all at once, from top to bottom, beside what is wrong in the inputs', async () => {
    const policy = `repositry: o/r
targets:
  prod: { connection: { type: duckbd } }
  ci: { connection: { type: duckdb, motherduck_token: x } }
grants:
  - { target: prdo, when: { enviroment: x } }
  - { target: ci, when: {} }
`
    const verdict = await verdictOn({ ...ruled(policy), inputs: { ...RUN, target: 'cj', until: 'never' } }, [
      'input "target"',
      'input "until"',
    ])
    expect(verdict).toMatchObject(REFUSED)
    const places = [...verdict.annotation.matchAll(/^\.github\/dbt-oidc\.yml:(\d+):\d+: /gm)].map(
      ([, line]) => Number(line),
    )
    expect(places).toEqual(places.toSorted((one, other) => one - other))
    expect(new Set(places)).toEqual(new Set([1, 3, 4, 6, 7]))
  })
})
