import { describe, expect, test } from '@jest/globals'
import { explain, withExplanation } from '../src/access/purchase.ts'
import { withinAMinute } from '../src/access/within.ts'
import type { Claims } from '../src/claims.ts'
import type { Config } from '../src/config.ts'
import { wantOf, type Target } from '../src/config/target.ts'
import { diagnoseDbt } from '../src/dbt/diagnosis.ts'
import { failureOfLine } from '../src/dbt/failure.ts'
import { DbtOidcError, type Failure } from '../src/errors.ts'
import { askForToken } from '../src/exchanges/oauth/token-endpoint.ts'
import { classOf } from '../src/retry.ts'
import { explainAbsence } from '../src/token/absent.ts'
import { tokenOf } from '../src/token/answer.ts'
import { trustedBy } from '../src/trust/request.ts'
import { AWS } from './diagnosis/aws.ts'
import { DATABRICKS } from './diagnosis/databricks.ts'
import { ENTRA } from './diagnosis/entra.ts'
import { GOOGLE } from './diagnosis/google.ts'
import { IDENTITY_CENTER } from './diagnosis/identity-center.ts'
import { OAUTH } from './diagnosis/oauth.ts'
import { OKTA } from './diagnosis/okta.ts'
import type { Row, Table } from './diagnosis/row.ts'
import { SNOWFLAKE } from './diagnosis/snowflake.ts'
import { TRINO } from './diagnosis/trino.ts'
import { VAULT } from './diagnosis/vault.ts'
import { claimsOf } from './support/claims-of.ts'
import { configOf } from './support/config-of.ts'

const NOW = new Date('2026-09-21T14:13:23Z')

interface Met {
  readonly config: Config
  readonly target: Target
  readonly claims: Claims
}

async function met({ connection, identity }: Pick<Table, 'connection' | 'identity'>): Promise<Met> {
  const config = await configOf({
    inputs: {
      connection,
      environment: 'production',
      claims: 'repository_id: 456\nrepository_owner_id: 123\nref: refs/heads/main\n',
      ...(identity === undefined ? {} : { identity }),
    },
  })
  const [target] = config.targets.values()
  if (!target) throw new Error('there is no target')
  return { config, target, claims: claimsOf({ iss: config.issuer, environment: 'production' }) }
}

/** What a person reads for a text: as the exchange throws it, or as dbt prints it. */
async function shown(text: string, from: Table['from'], { config, target, claims }: Met): Promise<Failure> {
  const explaining = (said: string) =>
    explain(said, target, claims, {
      trusted: (one) => trustedBy(config, one),
      io: { now: () => NOW },
    })
  if (from === 'dbt')
    return failureOfLine({
      command: 'dbt build',
      exitCode: 1,
      tail: `12:00:00  Encountered an error:\n${text}\n`,
      artifacts: null,
      explained: await explaining(text),
    })
  const error = await withExplanation(
    new DbtOidcError({ code: 'exchange', problem: `They refused: ${text}`, remedy: '-' }),
    { target, want: wantOf(target), explaining },
  )
  if (error instanceof DbtOidcError) return error
  throw error
}

const TABLES = [
  ...AWS,
  ...IDENTITY_CENTER,
  ...GOOGLE,
  ...ENTRA,
  ...OAUTH,
  ...OKTA,
  ...DATABRICKS,
  ...TRINO,
  ...SNOWFLAKE,
  ...VAULT,
]
const ROWS = TABLES.flatMap((table) =>
  table.rows.map((row): [string, string, Row, Table] => [table.title, row.text, row, table]),
)

describe('a text of the other side is explained', () => {
  test.each(ROWS)('%s: %s', async (_title, _text, { text, cause, remedy, shows = [] }, table) => {
    const failure = await shown(text, table.from, await met(table))
    const details = failure.details ?? []
    expect(failure.code).toBe('exchange')
    expect(failure.problem).toContain(cause)
    expect(failure.remedy).toContain(remedy)
    for (const fact of shows) expect(details.join('\n')).toContain(fact)
    // Whoever threw it is quoted below our words; what dbt printed stands in the log already.
    expect(details[0]?.includes(text)).toBe(table.from === 'exchange')
  })
})

/** What an expression may begin to read at each of its places, as long as the end of dbt's output that is kept. */
const LONG_WINDED = [
  'x',
  '0.-',
  '"',
  "'",
  ' ',
  '\n',
  'eyJ',
  'a b ',
  'Invalid Audience: [',
  'claim "',
  'expected ',
].map((word) => word.repeat(65_536 / word.length))

test.each(TABLES.map((table): [string, Table] => [table.title, table]))(
  'what dbt may have printed is looked through for words of %s soon, whatever it is',
  async (_title, table) => {
    const { target, claims } = await met(table)
    const begun = performance.now()
    for (const text of LONG_WINDED) {
      target.exchange.diagnose(text, claims)
      target.bound.diagnose(text, claims, undefined)
      diagnoseDbt(text)
    }
    expect(performance.now() - begun).toBeLessThan(5000)
  },
)

describe('beside the explanation stand', () => {
  const asked = TABLES.filter(
    // Behind a provider a warehouse sees none of these claims.
    ({ from, title }) =>
      from === 'exchange' || (/Snowflake|Databricks|Trino/.test(title) && !title.includes(' behind ')),
  )

  test.each(asked.map((table): [string, Table] => [table.title, table]))(
    'the claims of the token against what the policy asks %s to trust',
    async (_title, table) => {
      const failure = await shown(table.rows[0]?.text ?? '', table.from, await met(table))
      const details = failure.details ?? []
      expect(details).toEqual(
        expect.arrayContaining([
          '  ✓ iss  "https://token.actions.githubusercontent.com"',
          expect.stringMatching(/^ {2}✓ aud {2}\S/),
          '  ✓ sub  "repo:o/r:environment:production"',
          '  ✓ repository_id  "456"',
          '  ✓ ref  "refs/heads/main"',
          '  ✓ environment  "production"',
          '  · job_workflow_ref  "o/r/.github/workflows/dbt.yml@refs/heads/main"',
          expect.stringMatching(/^ {2}· exp {2}2026-09-21T14:18:20\.000Z: .* expires in 297 s;/),
        ]),
      )
    },
  )

  test.each([
    [
      'the form with ids where the trust has names',
      { sub: 'repo:o@9/r@9:environment:production' },
      /✗ sub[^]*the token has the form with ids/,
    ],
    [
      'a difference in case alone',
      { sub: 'repo:o/r:environment:Production', environment: 'Production' },
      /only the case differs/,
    ],
    [
      'an environment that replaced the ref',
      { ref: 'refs/heads/dev' },
      /✗ ref {2}expected "refs\/heads\/main", the token has "refs\/heads\/dev"/,
    ],
  ])('%s', async (_title, given, said) => {
    const table = ENTRA[0]
    if (!table) throw new Error('there is no table')
    const facts = await met(table)
    const claims = claimsOf({ iss: facts.config.issuer, environment: 'production', ...given })
    const text = ((await shown('AADSTS700213', 'exchange', { ...facts, claims })).details ?? []).join('\n')
    expect(text).toMatch(said)
  })

  test('the other side’s own words where nobody knows them, and nothing else', async () => {
    const table = SNOWFLAKE[0]
    if (!table) throw new Error('there is no table')
    const { problem, details = [] } = await shown('399999: something new', 'dbt', await met(table))
    expect(problem).toBe('`dbt build` ended with exit code 1 before it had run a node. Its last words:')
    expect(details).toContain('399999: something new')
  })
})

/** What the toolkit has seen of a 403. */
const sight = (body: string) =>
  ({ by: 'error', sight: { status: 403, headers: {}, body: [Buffer.from(body)] } }) as const

describe("GitHub's own refusals are explained", () => {
  test.each(['Unable to get ACTIONS_ID_TOKEN_REQUEST_URL', 'ACTIONS_ID_TOKEN_REQUEST_TOKEN is not set'])(
    '%s: the permission, as YAML for the job and for the workflow that calls it',
    () => {
      const evidence = {
        requestUrl: undefined,
        requestToken: undefined,
        actor: 'ada',
        eventName: 'push',
        event: {},
        repository: 'o/r',
      }
      const { code, details = [] } = explainAbsence(evidence)
      expect(code).toBe('id-token-permission')
      expect(details.join('\n')).toMatch(
        /permissions:\n {6}id-token: write[^]*reusable workflow[^]*uses: OWNER/,
      )
    },
  )

  test('a pull request of a fork', () => {
    const event = {
      pull_request: { head: { repo: { full_name: 'eve/r' } }, base: { repo: { full_name: 'o/r' } } },
    }
    const evidence = {
      requestUrl: undefined,
      requestToken: undefined,
      actor: 'eve',
      eventName: 'pull_request',
      event,
      repository: 'o/r',
    }
    expect(explainAbsence(evidence).code).toBe('id-token-fork')
  })

  test.each(['Pending', 'Delayed'])("Can't issue ID_TOKEN for job in '%s': another try", (state) => {
    const error = tokenOf(sight(`{"message":"Can't issue ID_TOKEN for job in '${state}' state"}`), NOW)
    expect(error).toMatchObject({
      code: 'id-token-endpoint',
      problem: expect.stringContaining('has not started yet'),
    })
    expect(classOf(error).transient).toBe(true)
  })
})

describe('a token endpoint', () => {
  // Databricks and Okta spell the fields of RFC 6749 in their own way.
  test.each([
    { error: 'invalid_request', error_description: 'No matching federation policy' },
    { errorCode: 'invalid_request', errorSummary: 'No matching federation policy' },
  ])('is quoted, whichever names its fields have: %j', async (body) => {
    const ask = { url: 'https://h/oidc/v1/token', who: 'h', parameters: [], secrets: [] }
    const answer = { status: 400, headers: {}, body: JSON.stringify(body) }
    const io = {
      http: async () => answer,
      at: (url: string) => url,
      now: () => NOW,
      mask: () => undefined,
      variable: () => undefined,
      say: () => undefined,
    }
    await expect(askForToken(ask, io, 1000)).rejects.toMatchObject({
      code: 'exchange',
      problem: 'h refused the request: invalid_request (status 400).',
      details: ['No matching federation policy'],
    })
  })
})

describe('dbt 2', () => {
  test.each([
    [
      '[AuthenticationFailed (dbt1011)]: 390303: Invalid OAuth access token.',
      'exchange',
      'could not log in (dbt1011): 390303: Invalid OAuth access token.',
    ],
    [
      'error: [InvalidConfig (dbt1005)] unknown field `x`',
      'dbt',
      'does not take a setting (dbt1005): unknown field `x`',
    ],
  ])('%s: the text behind the code is shown', (text, code, said) => {
    const failure = failureOfLine({
      command: 'dbt build',
      exitCode: 1,
      tail: `\u001b[31m${text}\u001b[0m\n`,
      artifacts: null,
      explained: diagnoseDbt(text),
    })
    expect([failure.code, failure.problem]).toEqual([code, expect.stringContaining(said)])
  })
})

test('a warehouse that says nothing for long ends the login before dbt, with the way to look at', async () => {
  await expect(withinAMinute(() => new Promise(() => undefined), undefined, 5)).rejects.toMatchObject({
    code: 'exchange-unavailable',
    remedy: expect.stringContaining('Check that the runner can reach the warehouse'),
  })
})
