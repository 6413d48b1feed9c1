import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { installDbtStub, type DbtStub } from './support/dbt-stub.ts'
import { startIssuer, type Issuer } from './support/issuer.ts'
import { auditOf, PROJECT } from './support/job.ts'
import { otherJob, playIssuer, tokenOf, type OtherEnded, type OtherJob } from './support/other-issuers.ts'
import { KUBERNETES } from './support/other-payloads.ts'
import { asAnother, CAN_BE_ANOTHER } from './support/stranger.ts'

let issuer: Issuer
let dbt: DbtStub
let directory: string
let url: string

beforeAll(async () => {
  // The real way to it: on macOS the temporary directory is behind a link.
  directory = realpathSync(mkdtempSync(join(tmpdir(), 'other-tokens-')))
  issuer = await startIssuer()
  url = playIssuer(issuer, 'cluster')
  dbt = await installDbtStub(join(directory, 'env'), {
    behaviours: { run: { watch: ['databricks-oidc-token'] } },
    packages: { 'dbt-databricks': '1.12.8' },
  })
})
afterAll(async () => {
  await issuer.close()
  rmSync(directory, { recursive: true, force: true })
})

const DUCKDB = '{ type: duckdb, path: prod.duckdb }'
const DATABRICKS =
  '{ type: databricks, host: acme.cloud.databricks.com, http_path: /sql/1.0/warehouses/w, schema: dbt, client_id: 8e8a1c2f-5b0e-4f0e-9d44-0f4f2f6f3a10 }, audience: databricks'

const policy = (connection: string): string => `
issuers: { cluster: { url: ${url}, like: kubernetes } }
targets: { prod: { connection: ${connection} } }
grants: [{ name: airflow, issuer: cluster, target: prod, when: { sub: 'system:serviceaccount:airflow:dbt' } }]
`

/** A job of the cluster which is told in these words where its token is. */
function job(
  where: readonly string[],
  more: Partial<OtherJob> = {},
  connection = DUCKDB,
): Promise<OtherEnded> {
  return otherJob({
    args: ['--issuer', 'cluster', ...where, '--', 'dbt', 'build'],
    files: { ...PROJECT, '.github/dbt-oidc.yml': policy(connection) },
    path: [dbt.bin],
    env: { GITHUB_SERVER_URL: issuer.serverUrl },
    ...more,
  })
}

/** A new directory for a token file, open to all as those of a temporary directory are not. */
function place(): string {
  const made = mkdtempSync(join(directory, 'place-'))
  chmodSync(made, 0o755)
  return made
}

const signed = (life = 3600, audience = 'dbt-oidc'): string => {
  const iat = Math.floor(Date.now() / 1000)
  return tokenOf(issuer, url, { ...KUBERNETES, iat, exp: iat + life }, [audience])
}

/** What kubelet makes of a projected volume (AtomicWriter of k8s.io/kubernetes/pkg/volume/util): each state by one rename. */
function project(volume: string, token: string, version: number): void {
  const state = `..2026_11_30_12_00_0${version}.${version}`
  mkdirSync(join(volume, state), { mode: 0o755 })
  writeFileSync(join(volume, state, 'token'), token, { mode: 0o644 })
  symlinkSync(state, join(volume, '..data_tmp'))
  renameSync(join(volume, '..data_tmp'), join(volume, '..data'))
  if (version === 1) symlinkSync(join('..data', 'token'), join(volume, 'token'))
  else rmSync(join(volume, `..2026_11_30_12_00_0${version - 1}.${version - 1}`), { recursive: true })
}

test('a token that kubelet replaces while dbt runs is the one that dbt goes on with', async () => {
  const volume = place()
  const [first, second] = [signed(12, 'databricks'), signed(3600, 'databricks')]
  project(volume, first, 1)
  const { code, all, audit } = await job(
    [],
    {
      args: ['--issuer', 'cluster', '--token-file', join(volume, 'token'), '--', 'dbt', 'run'],
      when: { said: 'first ', act: () => project(volume, second, 2) },
    },
    DATABRICKS,
  )
  expect(code).toBe(0)
  expect(all).toContain('then ***')
  expect(all).not.toContain(second.split('.')[2])
  const last = auditOf(audit).findLast(({ use }) => use === 'keep-alive')
  expect(last).toMatchObject({ claims: { sub: KUBERNETES['sub'] } })
  expect(Date.parse(String(last?.['expires_at'])) - Date.now()).toBeGreaterThan(3_000_000)
}, 60_000)

test('a token that another pod has put there meanwhile is no token of this run', async () => {
  const volume = place()
  project(volume, signed(12, 'databricks'), 1)
  const stranger = tokenOf(issuer, url, { ...KUBERNETES, sub: 'system:serviceaccount:airflow:other' }, [
    'databricks',
  ])
  dbt.behave({ run: { hang: true } })
  const { all } = await job(
    [],
    {
      args: ['--issuer', 'cluster', '--token-file', join(volume, 'token'), '--', 'dbt', 'run'],
      when: [
        { said: 'READY', act: () => project(volume, stranger, 2) },
        { said: 'differs from the one', act: (pid) => process.kill(pid, 'SIGINT') },
      ],
    },
    DATABRICKS,
  )
  expect(all).toContain(
    'A later token of this job differs from the one on which the grant was decided, in: sub.',
  )
}, 60_000)

describe('a token file', () => {
  const FOLLOWED = 'Name the file itself; only links within its own directory are followed'
  const CASES: readonly (readonly [string, (path: string) => void, string, string])[] = [
    ['that is not there', () => undefined, 'cannot be read: there is none.', 'Name the file that'],
    [
      'that is empty',
      (path) => writeFileSync(path, ' \n', { mode: 0o600 }),
      'is empty.',
      'Look for what was to',
    ],
    [
      'that is larger than any token',
      (path) => writeFileSync(path, 'e'.repeat(65_537), { mode: 0o600 }),
      'cannot be read: it is larger than 64 KiB.',
      'Name the file that',
    ],
    [
      'that is a directory',
      (path) => mkdirSync(path),
      'cannot be read: it is a directory.',
      'Name the file that',
    ],
    [
      'that every user can read',
      (path) => {
        writeFileSync(path, signed())
        chmodSync(path, 0o644)
      },
      'cannot be read: every user of this machine can read it.',
      'write it under `umask 077`, or `chmod 600` the file.',
    ],
    [
      'that every user can write',
      (path) => {
        writeFileSync(path, signed())
        chmodSync(path, 0o602)
      },
      'cannot be read: other users of this machine can write to it.',
      '`chmod 600` the file.',
    ],
    [
      'that its group can write',
      (path) => {
        writeFileSync(path, signed())
        chmodSync(path, 0o660)
        chmodSync(dirname(path), 0o755)
      },
      'cannot be read: other users of this machine can write to it.',
      '`chmod 600` the file.',
    ],
    [
      'that is a link to somewhere else',
      (path) => {
        writeFileSync(join(directory, 'elsewhere'), signed(), { mode: 0o600 })
        symlinkSync(join(directory, 'elsewhere'), path)
      },
      'cannot be read: it is a link out of its directory.',
      FOLLOWED,
    ],
    [
      'that is a link to nothing',
      (path) => symlinkSync('nowhere', path),
      'cannot be read: it is a link to nothing.',
      'Name the file that',
    ],
    [
      'that is a device',
      (path) => symlinkSync('/dev/zero', path),
      'cannot be read: it is no regular file.',
      '',
    ],
  ]

  test.each(CASES)('%s is refused in these words', async (_, make, problem, remedy) => {
    const path = join(place(), 'token')
    make(path)
    const { code, all, left } = await job(['--token-file', path])
    expect(all).toContain(`id-token-response: The token file ${path} ${problem}`)
    expect(all).toContain(remedy)
    expect([code, left]).toEqual([3, false])
  })

  test('whose directory is shut is nobody else’s, and a link beside it may lead to it', async () => {
    const shut = mkdtempSync(join(directory, 'shut-'))
    writeFileSync(join(shut, 'real'), `${signed()}\n`)
    chmodSync(join(shut, 'real'), 0o644)
    symlinkSync('real', join(shut, 'token'))
    expect((await job(['--token-file', join(shut, 'token')])).code).toBe(0)
  })

  test.each([0o1777, 0o777])(
    'of this user is its own in a directory of mode %o, where all may write',
    async (mode) => {
      const path = join(place(), 'token')
      writeFileSync(path, signed(), { mode: 0o600 })
      chmodSync(dirname(path), mode)
      expect((await job(['--token-file', path])).code).toBe(0)
    },
  )

  // Only root can play what another user does, and give a file away.
  if (!CAN_BE_ANOTHER) test.todo('of another user is not ours: only root can try that')
  else {
    test.each([0o1777, 0o777])(
      'that another user has put into a directory of mode %o is not ours',
      async (mode) => {
        const at = mkdtempSync(join(tmpdir(), 'open-to-all-'))
        try {
          chmodSync(at, mode)
          const path = join(at, 'token')
          expect(await asAnother(`umask 077; printf %s '${signed()}' > ${path}`)).toBe('')
          const { code, all } = await job(['--token-file', path])
          expect(all).toContain('cannot be read: it belongs to another user of this machine.')
          expect(code).toBe(3)
        } finally {
          rmSync(at, { recursive: true })
        }
      },
    )

    test('whose whole directory is another user’s is that of whom was named', async () => {
      const path = join(place(), 'token')
      writeFileSync(path, signed(), { mode: 0o600 })
      for (const each of [path, dirname(path)]) chownSync(each, 65_534, 65_534)
      expect((await job(['--token-file', path])).code).toBe(0)
    })
  }

  test('with something else than a token is refused without a word of what it is', async () => {
    const path = join(place(), 'token')
    writeFileSync(path, 'hunter2-and-more', { mode: 0o600 })
    const { code, all } = await job(['--token-file', path])
    expect(all).toContain('token-format: What was given as the token does not have three parts.')
    expect(all).toContain('--token-file')
    expect(all).not.toContain('hunter2')
    expect(code).toBe(3)
  })
})

describe('a token variable', () => {
  test.each([{}, { DBT_TOKEN: '' }, { DBT_TOKEN: ' ' }])('that holds nothing is named: %j', async (env) => {
    const { code, all } = await job(['--token-variable', 'DBT_TOKEN'], {
      env: { GITHUB_SERVER_URL: issuer.serverUrl, ...env },
    })
    expect(all).toContain('id-token-response: The variable DBT_TOKEN is not set, or empty.')
    expect(code).toBe(3)
  })

  test('is not read by a name that only looks like its own', async () => {
    const env = { GITHUB_SERVER_URL: issuer.serverUrl, dbt_token: signed() }
    expect((await job(['--token-variable', 'DBT_TOKEN'], { env })).code).toBe(3)
    expect((await job(['--token-variable', 'constructor'], { env })).code).toBe(3)
  })
})

const at = (path: string): readonly string[] => ['--token-url', `${issuer.serverUrl}${path}`]

describe('a token address', () => {
  test.each([
    ['alone', (token: string) => `${token}\n`],
    ['as `value`', (token: string) => JSON.stringify({ value: token })],
    ['as `token`', (token: string) => JSON.stringify({ token })],
    ['as `id_token`', (token: string) => JSON.stringify({ id_token: token, expires_in: 3600 })],
    ['as `oidcToken`', (token: string) => JSON.stringify({ oidcToken: token })],
  ])('may give the token %s', async (_, body) => {
    issuer.route('/give', (_req, res) => void res.end(body(signed())))
    expect((await job(at('/give'))).code).toBe(0)
  })

  test.each([
    [401, 'The endpoint of --token-url answered with status 401.'],
    [302, 'The endpoint of --token-url answered with status 302.'],
  ])('that answers with %i is told so, and nothing of what it says', async (status, said) => {
    issuer.route('/refuse', (_req, res) => {
      res.writeHead(status, { location: `${issuer.serverUrl}/give` }).end('{"error":"hunter2"}')
    })
    const { code, all } = await job(at('/refuse?key=hunter3'))
    expect(all).toContain(said)
    expect(all).not.toMatch(/hunter/)
    expect(code).toBe(3)
  })

  test('outside of a rehearsal is asked over TLS alone, and by no other scheme', async () => {
    const policed = { '.github/dbt-oidc.yml': policy(DUCKDB).replace(url, 'https://oidc.example') }
    for (const address of ['http://127.0.0.1:9/x', 'file:///etc/passwd']) {
      const { code, all } = await job(['--token-url', address], {
        env: {},
        files: { ...PROJECT, ...policed },
      })
      expect(all).toContain('blocked-host')
      expect(code).toBe(3)
    }
  })

  test('is asked by POST where that is said, with the variable of its header, which dbt never sees', async () => {
    const asked: unknown[] = []
    issuer.route('/mint', (req, res) => {
      asked.push([req.method, req.headers.authorization, req.headers['content-length']])
      res.end(JSON.stringify({ oidcToken: signed() }))
    })
    const { code } = await job(
      [
        ...at('/mint'),
        '--token-method',
        'POST',
        '--token-header',
        'Authorization: Bearer $SYSTEM_ACCESSTOKEN',
      ],
      { env: { GITHUB_SERVER_URL: issuer.serverUrl, SYSTEM_ACCESSTOKEN: 'hunter2' } },
    )
    expect([code, asked]).toEqual([0, [['POST', 'Bearer hunter2', '0']]])
    expect(Object.values(dbt.runs().at(-1)?.env ?? {})).not.toContain('hunter2')
  })
})

test.each<readonly [readonly string[], string]>([
  [[], 'None of --token-file, --token-variable and --token-url is given.'],
  [['--token-file', 'a', '--token-variable', 'B'], 'More than one of --token-file'],
  [['--token-file', 'a', '--token-header', 'X: $Y'], '--token-header belongs to --token-url.'],
  [['--token-file', 'a', '--token-method', 'POST'], '--token-method belongs to --token-url.'],
  [['--token-url', 'https://x.example', '--token-method', 'PUT'], 'Allowed choices are GET, POST'],
  [['--token-url', 'https://x.example', '--token-header', 'Authorization: Bearer s3cret'], 'Name: $VARIABLE'],
  [['--token-url', 'https://x.example', '--token-header', 'X: $GONE'], 'The variable GONE of --token-header'],
])('%j is answered with what is wrong', async (where, said) => {
  const { code, all } = await job(where)
  expect(all).toContain(said)
  expect(all).not.toContain('s3cret')
  expect(code).toBeGreaterThan(1)
})
