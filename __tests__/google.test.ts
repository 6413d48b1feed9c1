import { describe, expect, test } from '@jest/globals'
import { refusalOf } from '../src/exchanges/google/refusal.ts'
import { mappingOf } from '../src/exchanges/google/provider.ts'
import { classOf } from '../src/retry.ts'
import { problemsOf } from './support/config-of.ts'
import {
  ACCOUNT,
  openBench,
  policyOf,
  POOL,
  PROVIDER,
  type Bench,
  type BenchOptions,
} from './support/google/bench.ts'
import { valueOf } from './support/models/google.ts'
import { failureOf, printed } from './support/token-setup.ts'

const BIGQUERY = 'https://www.googleapis.com/auth/bigquery'
const form = (bench: Bench, at = 0): URLSearchParams => new URLSearchParams(bench.google.seen[at]?.body ?? '')
const hosts = (bench: Bench): string[] => bench.google.seen.map(({ host, status }) => `${host} ${status}`)

const provider = (text: string): object => ({ provider: text })
const boundToProduction = (text: string): string => text.replace('/dbt-ci:456', '/dbt-prod:456')

describe('a token that the trust fits', () => {
  test('buys the service account’s token for BigQuery alone, and every secret on the way is masked', async () => {
    await using bench = await openBench()
    const credential = await bench.trade()
    if (credential.kind !== 'bearer') throw new Error(credential.kind)
    expect(bench.google.tokens.holderOf(`Bearer ${credential.token}`)).toMatchObject({
      members: [`serviceAccount:${ACCOUNT}`],
      scopes: [BIGQUERY],
    })
    const life = (credential.expiresAt?.getTime() ?? 0) - Date.now()
    expect(life).toBeGreaterThan(3_590_000)
    expect(life).toBeLessThanOrEqual(3_600_000)
    expect(hosts(bench)).toEqual(['sts 200', 'iamcredentials 200'])
    expect(bench.masked).toHaveLength(1)
    expect(bench.google.seen[1]?.headers['authorization']).toBe(`Bearer ${bench.masked[0]}`)
  })

  test('is sent through our way out, as Google’s documentation says', async () => {
    await using bench = await openBench()
    await bench.trade()
    const at = `${bench.issuer.serverUrl}/_at`
    expect(bench.sent.map(({ url }) => url)).toEqual([
      `${at}/sts.googleapis.com/v1/token`,
      `${at}/iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/${ACCOUNT}:generateAccessToken`,
    ])
    expect(Object.fromEntries(form(bench))).toEqual({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      audience: `//iam.googleapis.com/${PROVIDER}`,
      scope: 'https://www.googleapis.com/auth/iam',
      requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      subject_token: bench.issuer.minted.at(-1),
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    })
    expect(JSON.parse(bench.google.seen.at(-1)?.body ?? '')).toEqual({ scope: [BIGQUERY], lifetime: '3600s' })
  })

  test('is minted for the provider and no other', async () => {
    await using bench = await openBench()
    await bench.trade()
    expect(
      JSON.parse(Buffer.from(bench.issuer.minted[0]?.split('.')[1] ?? '', 'base64url').toString()),
    ).toMatchObject({
      aud: `https://iam.googleapis.com/${PROVIDER}`,
    })
  })

  test('acts through delegates, each of whom the trust lets act as the next', async () => {
    const [first, second] = ['one', 'two'].map((name) => `${name}@acme-prod.iam.gserviceaccount.com`)
    const identity = { 'service-account': ACCOUNT, delegates: [first, second], lifetime: 900 }
    await using bench = await openBench({ identity })
    await bench.trade()
    expect(JSON.parse(bench.google.seen[1]?.body ?? '')).toEqual({
      scope: [BIGQUERY],
      lifetime: '900s',
      delegates: [`projects/-/serviceAccounts/${first}`, `projects/-/serviceAccounts/${second}`],
    })
    await using broken = await openBench({
      identity,
      edit: (text) => text.replaceAll(`serviceAccount:${second}`, `serviceAccount:${first}`),
    })
    expect(printed(await failureOf(broken.enter()))).toContain(
      `--member=principalSet://iam.googleapis.com/${POOL}/attribute.dbt_oidc/dbt-prod:456`,
    )
  })

  test('has rights of its own without a service account, for about five minutes, and that is said', async () => {
    await using bench = await openBench({ identity: {} })
    const access = await bench.enter()
    expect(hosts(bench)).toEqual(['sts 200'])
    expect(form(bench).get('scope')).toBe(BIGQUERY)
    expect(bench.said).toEqual([expect.stringContaining('about five minutes')])
    const life = (access.expiresAt()?.getTime() ?? 0) - Date.now()
    expect(life).toBeGreaterThan(280_000)
    expect(life).toBeLessThanOrEqual(300_000)
    const member = `principalSet://iam.googleapis.com/${POOL}/attribute.dbt_oidc/dbt-prod:456`
    expect(access.identity).toBe(member)
    expect(bench.google.cloud.bindings).toContainEqual({
      resource: 'project/acme-prod',
      role: 'roles/bigquery.jobUser',
      member,
    })
    expect(bench.documents.at(-1)?.text).toContain(`TO "${member}";`)
    const [token = ''] = bench.masked
    expect(bench.google.tokens.holderOf(`Bearer ${token}`)?.members).toContain(member)
  })

  test('goes to the hosts of another universe', async () => {
    const account = 'dbt@acme.s3ns.iam.gserviceaccount.com'
    const identity = { 'service-account': account, universe: 's3nsapis.fr' }
    await using bench = await openBench({ identity, universe: 's3nsapis.fr' })
    await bench.trade()
    expect(hosts(bench)).toEqual(['sts 200', 'iamcredentials 200'])
    expect(bench.target.exchange.hosts({})).toEqual(['sts.s3nsapis.fr', 'iamcredentials.s3nsapis.fr'])
    expect(form(bench).get('audience')).toBe(`//iam.s3nsapis.fr/${PROVIDER}`)
  })

  test('is new at each try where Google is busy', async () => {
    await using bench = await openBench()
    bench.google.failNext('sts', 503)
    bench.google.failNext('iamcredentials', 500)
    await bench.trade()
    expect(hosts(bench)).toEqual([
      'sts 503',
      'sts 200',
      'iamcredentials 500',
      'sts 200',
      'iamcredentials 200',
    ])
    const sent = [0, 1, 3].map((at) => form(bench, at).get('subject_token'))
    expect(new Set(sent).size).toBe(3)
  })

  test('is worth another try where Google is busy, which is told in its words', () => {
    const body = JSON.stringify({
      error: { code: 503, message: 'The service is unavailable.', status: 'UNAVAILABLE' },
    })
    const error = refusalOf({ status: 503, headers: {}, body }, 'secret', new Date())
    expect(classOf(error)).toEqual({ transient: true, retryAfter: undefined })
    expect(error).toMatchObject({
      code: 'exchange-unavailable',
      problem: 'Google could not answer: UNAVAILABLE: The service is unavailable.',
    })
  })
})

describe('a broken trust is refused and its cause named', () => {
  const condition =
    'Google refused: unauthorized_client: The given credential is rejected by the attribute condition.'
  const broken: readonly [string, BenchOptions, Record<string, unknown>, readonly string[]][] = [
    ['another branch', {}, { ref: 'refs/heads/dev' }, [condition, 'ref: refs/heads/dev']],
    ['a branch in another case', {}, { ref: 'refs/heads/Main' }, [condition]],
    ['another environment', {}, { environment: 'staging' }, [condition, 'environment: staging']],
    ['no environment', {}, { environment: undefined }, [condition, 'environment: absent']],
    [
      'another repository',
      {},
      { repository: 'o/other', repository_id: '999' },
      [condition, 'repository_id: 999'],
    ],
    ['a repository that took over the name', {}, { repository_id: '999' }, [condition]],
    ['another owner', {}, { repository_owner_id: '9' }, [condition]],
    [
      'an event that must be named',
      {},
      { event_name: 'pull_request_target' },
      [condition, 'event_name: pull_request_target'],
    ],
    [
      'another subject',
      { when: { sub: 'repo:o/r:environment:production' } },
      { sub: 'repo:o/r:environment:production-2' },
      [condition],
    ],
    [
      'an issuer that the provider does not know',
      {
        edit: (text) =>
          text.replace(/--issuer-uri=\S+/, '--issuer-uri=https://token.actions.githubusercontent.com'),
      },
      {},
      ['The issuer in ID Token', '--issuer-uri=http://127.0.0.1'],
    ],
    [
      'a token of another issuer',
      {},
      { iss: 'https://token.example' },
      ['invalid_grant: The issuer in ID Token'],
    ],
    [
      'an audience that is not listed',
      {
        edit: (text) => text.replace(/--allowed-audiences=\S+/, '--allowed-audiences=https://other.example'),
      },
      {},
      ['The audience in ID Token', 'does not take tokens for the audience', '--allowed-audiences'],
    ],
    [
      'an expired token',
      {},
      { iat: 1_700_000_000, exp: 1_700_000_300 },
      ['is stale to sign-in', 'Check the clock'],
    ],
    [
      'a provider that does not exist',
      { edit: (text) => text.replaceAll('providers/dbt-prod', 'providers/dbt-other') },
      {},
      ['pool or provider is disabled or deleted', `Google knows no enabled provider ${PROVIDER}`],
    ],
    [
      'a subject that is too long',
      {
        edit: (text) =>
          text.replace(
            'google.subject="github:" + assertion.repository_id',
            'google.subject=assertion.sub + assertion.sha + assertion.sha + assertion.sha',
          ),
      },
      {},
      ['exceeds the 127 bytes limit', 'Google takes 127'],
    ],
    [
      'a service account that is not bound',
      { edit: (text) => text.replace('dbt-prod:456', 'dbt-prod:457') },
      {},
      ["Permission 'iam.serviceAccounts.getAccessToken' denied", `attribute.dbt_oidc/dbt-prod:456`],
    ],
    [
      'a lifetime that nobody allowed',
      { identity: { 'service-account': ACCOUNT, lifetime: 7200 } },
      {},
      [
        'The access token lifetime cannot exceed 3600 seconds',
        'allowServiceAccountCredentialLifetimeExtension',
      ],
    ],
  ]
  test.each(broken)('%s', async (_name, options, claims, said) => {
    await using bench = await openBench(options)
    const error = await failureOf(bench.enter(claims))
    expect(error.code).toBe('exchange')
    for (const text of said) expect(printed(error)).toContain(text)
    for (const token of bench.issuer.minted) expect(printed(error)).not.toContain(token)
    expect(bench.google.seen.filter(({ status }) => status === 200).length).toBeLessThan(2)
  })

  test('a signature by another key', async () => {
    await using bench = await openBench()
    await bench.trade()
    const key = bench.issuer.key()
    await bench.issuer.rotate()
    const foreign = bench.issuer.sign(bench.issuer.payload(`https://iam.googleapis.com/${PROVIDER}`), { key })
    const { exchangeToken } = await import('./support/google/sts.ts')
    const asked = form(bench)
    asked.set('subject_token', foreign)
    expect(await exchangeToken(asked, bench.google.cloud.providers)).toMatchObject({ error: 'invalid_grant' })
  })

  test('a token of a weaker provider in the same pool, since the binding names the provider', async () => {
    const identity = { provider: `${POOL}/providers/dbt-ci`, 'service-account': ACCOUNT }
    // The account is bound as production's own trust binds it, and the token is one for the same repository.
    await using bench = await openBench({ identity, edit: boundToProduction })
    expect(printed(await failureOf(bench.enter()))).toContain('getAccessToken')
    expect(hosts(bench)).toEqual(['sts 200', 'iamcredentials 403'])
  })
})

describe('the documents', () => {
  test('are held by Google in full, and say so', async () => {
    await using bench = await openBench()
    const [google] = bench.documents
    expect(google?.heldThere).toEqual(
      expect.arrayContaining(['repository_id', 'repository_owner_id', 'ref', 'environment']),
    )
    expect(google?.checkedHere).toEqual([])
    const text = google?.text.replaceAll(bench.issuer.issuer, 'ISSUER')
    expect(text).toMatchSnapshot('where the token is traded')
    expect(bench.documents.slice(1).map((one) => one.text)).toMatchSnapshot('in the warehouse')
  })

  test('are not written for a repository without an id', async () => {
    const { configOf } = await import('./support/config-of.ts')
    const { trustDocuments } = await import('../src/trust/request.ts')
    const config = await configOf({
      inputs: {
        connection: '{ type: bigquery, project: acme-prod, dataset: analytics }',
        identity: `{ provider: ${PROVIDER}, service-account: ${ACCOUNT} }`,
        ref: 'refs/heads/main',
      },
    })
    const [target] = config.targets.values()
    if (!target) throw new Error('no target')
    await expect(trustDocuments(config, target)).rejects.toThrow("does not say the repository's id")
  })
})

describe('settings are refused with what to write', () => {
  const cases: readonly [object, string][] = [
    [provider(`//iam.googleapis.com/${PROVIDER}`), `without a host in front: write \`${PROVIDER}\``],
    [provider(`https://iam.googleapis.com/${PROVIDER}`), `write \`${PROVIDER}\``],
    [
      provider(PROVIDER.replace('123456789012', 'acme-prod')),
      '`gcloud projects describe acme-prod --format=',
    ],
    [provider(POOL), `names a pool and no provider: write \`${POOL}/providers/PROVIDER\``],
    [provider('dbt-prod'), 'must be the full resource name of the provider'],
    [provider(PROVIDER.replace('dbt-prod', 'gcp-dbt')), 'not beginning with `gcp-`'],
    [provider(PROVIDER.replace('dbt-prod', 'DBT')), 'holds `DBT`, which is no id'],
    [{ 'service-account': 'dbt-prod' }, 'write `NAME@PROJECT.iam.gserviceaccount.com`'],
    [{ 'service-account': `serviceAccount:${ACCOUNT}` }, `is the email alone: write \`${ACCOUNT}\``],
    [
      { 'service-account': `projects/-/serviceAccounts/${ACCOUNT}` },
      `is the email alone: write \`${ACCOUNT}\``,
    ],
    [{ delegates: [ACCOUNT] }, 'name the last one as `service-account`'],
    [{ lifetime: 60 }, 'must be whole seconds from 600 to 43200'],
    [{ lifetime: 90_000 }, 'allowServiceAccountCredentialLifetimeExtension'],
    [{ universe: 'evil.example' }, 'is no universe of Google'],
    [{ universe: 'evil.example/x.goog' }, 'is no universe of Google'],
    [{ 'service-acount': ACCOUNT }, 'did you mean `service-account`?'],
  ]
  test.each(cases)('%j', async (identity, sentence) => {
    const problems = await problemsOf({ policy: policyOf(identity) })
    expect(problems.join('\n')).toContain(sentence)
    expect(problems).toHaveLength(1)
  })
})

test('the subject that the mapping makes fits into the 127 bytes of Google, whatever the ids', () => {
  const [[attribute, expression] = ['', '']] = mappingOf(PROVIDER)
  expect(attribute).toBe('google.subject')
  const most = '18446744073709551615'
  const subject = valueOf(expression, { repository_id: most, run_id: most, run_attempt: most })
  expect(subject).toBe(`github:${most}:${most}:${most}`)
  expect(Buffer.byteLength(String(subject))).toBeLessThanOrEqual(127)
})
