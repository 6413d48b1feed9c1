import { describe, expect, test } from '@jest/globals'
import { crc32 } from 'node:zlib'
import { logsIn } from '../src/cli/audit/zip.ts'
import { linesOf } from './support/audit-lines.ts'
import { cli } from './support/cli.ts'
import { archiveOf, artifactServer, type Artifacts, type Held } from './support/github-artifacts.ts'
import { sendJson } from './support/issuer-server.ts'

/** What one run of a repository has left. */
function left(repository: string, run: number, made: string, over: Partial<Held> = {}): Held {
  const lines = linesOf({ at: made, claims: { repository, run_id: String(run), actor: `actor-${run}` } })
  return { name: 'dbt-oidc-audit-1', run, made, files: { 'audit.jsonl': `${lines.join('\n')}\n` }, ...over }
}

async function collected(artifacts: Artifacts, args: readonly string[], token = 'ghs_secret') {
  await using github = await artifactServer(artifacts)
  const env = { GITHUB_SERVER_URL: github.serverUrl, GITHUB_TOKEN: token }
  const ended = await cli(['audit', ...args, '--json'], {}, env)
  const found =
    ended.stdout === ''
      ? undefined
      : (JSON.parse(ended.stdout) as { reached: { run: string; repository: string }[]; missing: string[] })
  return { ...ended, ...found, paths: github.paths, text: ended.stdout + ended.stderr }
}

const TWO = {
  repositories: {
    'acme/dbt': [left('acme/dbt', 1, '2026-11-01T00:00:00Z'), left('acme/dbt', 2, '2026-11-20T00:00:00Z')],
    'acme/dbt-finance': [left('acme/dbt-finance', 3, '2026-11-10T00:00:00Z')],
    'acme/website': [left('acme/website', 4, '2026-11-10T00:00:00Z')],
  },
}

/** The rate limit is used up at the second repository. */
const usedUp: Artifacts['first'] = (path, res) => {
  if (!path.startsWith('/repos/acme/dbt-finance/')) return false
  res.setHeader('x-ratelimit-remaining', '0')
  res.setHeader('x-ratelimit-reset', '1795500000')
  sendJson(res, { message: 'API rate limit exceeded' }, 403)
  return true
}

describe('dbt-oidc audit --repositories', () => {
  test('collects what the runs of the fitting repositories have kept, by the order of time', async () => {
    const { code, reached, missing, stderr } = await collected(TWO, ['--repositories', 'acme/dbt*'])
    expect([code, stderr, missing]).toEqual([0, '', []])
    expect(reached?.map(({ repository, run }) => `${repository} ${run}`)).toEqual([
      'acme/dbt 1',
      'acme/dbt-finance 3',
      'acme/dbt 2',
    ])
  })

  test('asks for no artifact that is older than what is wanted, nor for another one', async () => {
    const other = left('acme/dbt', 9, '2026-11-21T00:00:00Z', { name: 'coverage' })
    const all = { repositories: { 'acme/dbt': [...TWO.repositories['acme/dbt'], other] } }
    const { reached, paths } = await collected(all, ['--repositories', 'acme/dbt', '--since', '2026-11-15'])
    expect(reached?.map(({ run }) => run)).toEqual(['2'])
    expect(paths).toEqual([
      '/repos/acme/dbt/actions/artifacts?per_page=100&page=1',
      '/repos/acme/dbt/actions/artifacts/1/zip',
    ])
  })

  test('reads every page of repositories and of artifacts', async () => {
    const many = Object.fromEntries(
      Array.from({ length: 101 }, (_, at): [string, Held[]] => [
        `acme/dbt-${String(at).padStart(3, '0')}`,
        [],
      ]),
    )
    const artifacts = Array.from({ length: 103 }, (_, at) =>
      left('acme/dbt-100', at, '2026-11-01T00:00:00Z', at < 101 ? { name: 'coverage' } : {}),
    )
    const { reached, paths } = await collected({ repositories: { ...many, 'acme/dbt-100': artifacts } }, [
      '--repositories',
      'acme/*',
    ])
    expect(reached?.map(({ run }) => run)).toEqual(['101', '102'])
    expect(paths.filter((path) => path.startsWith('/orgs/'))).toHaveLength(2)
    expect(paths.filter((path) => path.startsWith('/repos/acme/dbt-100/actions/artifacts?'))).toHaveLength(2)
  })

  test('names what has expired, what is no archive and what holds no log, and ends with exit code 3', async () => {
    const at = '2026-11-01T00:00:00Z'
    const { code, reached, missing, stderr } = await collected(
      {
        repositories: {
          'acme/dbt': [
            left('acme/dbt', 1, at),
            left('acme/dbt', 2, at, { expired: true }),
            left('acme/dbt', 3, at, { bytes: Buffer.from('<html>') }),
            left('acme/dbt', 4, at, { files: { 'readme.md': 'none' } }),
          ],
        },
      },
      ['--repositories', 'acme/dbt'],
    )
    expect([code, reached?.length]).toEqual([3, 1])
    expect(missing).toEqual([
      'acme/dbt: the artifact dbt-oidc-audit-1 of run 2 has expired; it was made 2026-11-01T00:00:00Z.',
      'acme/dbt: the artifact dbt-oidc-audit-1 of run 4 holds no audit log.',
      'acme/dbt: the artifact dbt-oidc-audit-1 of run 3 is not given: invalid zip data.',
    ])
    for (const one of missing ?? []) expect(stderr).toContain(`! ${one}\n`)
  })

  test('leaves out, and names, what claims to be of another run than the one that left it', async () => {
    const forged = left('acme/dbt', 7, '2026-11-01T00:00:00Z')
    const { code, reached, missing } = await collected(
      { repositories: { 'acme/dbt': [{ ...forged, run: 8 }] } },
      ['--repositories', 'acme/dbt'],
    )
    expect([code, reached]).toEqual([3, []])
    expect(missing).toEqual([
      'acme/dbt: the artifact dbt-oidc-audit-1 of run 8 holds 3 records of other runs, which are left out.',
    ])
  })

  test.each<[string, Record<string, string>, string]>([
    [
      'a fine-grained token without it',
      { 'x-accepted-github-permissions': 'actions=read' },
      'The artifacts of acme/dbt are not told: the token may not: it needs `actions=read`.',
    ],
    [
      'a classic token without its scope',
      { 'x-accepted-oauth-scopes': 'repo', 'x-oauth-scopes': 'read:org' },
      'The artifacts of acme/dbt are not told: the token may not: it needs the scope `repo` and has `read:org`.',
    ],
  ])('names the permission that is missing to %s', async (_name, headers, said) => {
    const first: Artifacts['first'] = (path, res) => {
      if (!path.startsWith('/repos/acme/dbt/')) return false
      for (const [name, value] of Object.entries(headers)) res.setHeader(name, value)
      sendJson(res, { message: 'Resource not accessible by personal access token' }, 403)
      return true
    }
    const { code, reached, missing } = await collected({ ...TWO, first }, ['--repositories', 'acme/dbt*'])
    expect([code, missing, reached?.map(({ run }) => run)]).toEqual([3, [said], ['3']])
  })

  test('ends where the rate limit does, tells when it is renewed, and keeps what it has', async () => {
    const { code, reached, missing, paths } = await collected({ ...TWO, first: usedUp }, [
      '--repositories',
      'acme/*',
    ])
    expect([code, reached?.map(({ run }) => run)]).toEqual([3, ['1', '2']])
    expect(missing).toEqual([
      'The artifacts of acme/dbt-finance are not told: the rate limit of the token is used up until 2026-11-24T06:00:00.000Z.',
      'Repositories after it were not asked for theirs.',
    ])
    expect(paths.join()).not.toContain('acme/website')
  })

  test('asks again where GitHub was only busy', async () => {
    let busy = 2
    const first: Artifacts['first'] = (_path, res) => {
      if (busy-- <= 0) return false
      res.setHeader('retry-after', '0')
      sendJson(res, { message: 'busy' }, 429)
      return true
    }
    const { code, reached } = await collected({ ...TWO, first }, ['--repositories', 'acme/dbt'])
    expect([code, reached?.length]).toEqual([0, 2])
  })

  test.each([
    [['--repositories', 'acme/nothing-*'], 'none of the 3 repositories of acme fits.'],
    [['--repositories', 'acme/gone'], 'there is none, or the token may not see it: it needs `actions=read`'],
    [['--repositories', 'strangers/*'], 'there is none, or the token may not see it'],
  ])('%j is named, and no answer is not "nobody"', async (args, said) => {
    const { code, missing } = await collected(TWO, args)
    expect([code, missing]).toEqual([3, [expect.stringContaining(said)]])
  })

  test('shows no token, known or not', async () => {
    const { code, text, missing } = await collected(TWO, ['--repositories', 'acme/dbt'], 'ghs_other')
    expect([code, missing?.[0]]).toEqual([
      3,
      'The artifacts of acme/dbt are not told: GITHUB_TOKEN is no token that it knows.',
    ])
    expect(text).not.toContain('ghs_')
    const none = await cli(['audit', '--repositories', 'acme/dbt'], {})
    expect([none.code, none.stderr]).toEqual([3, expect.stringContaining('Set GITHUB_TOKEN')])
  })

  test.each(['acme', '*/dbt', 'acme/dbt/x', 'acme/d b'])(
    '%j is no pattern of repositories',
    async (pattern) => {
      const { code, stderr } = await collected(TWO, ['--repositories', pattern])
      expect([code, stderr]).toEqual([
        2,
        expect.stringContaining('Write OWNER/NAME; only the name may have stars.'),
      ])
    },
  )
})

describe('an archive', () => {
  test('gives the logs in it and nothing else, whatever their names', async () => {
    const files = { '../../etc/a.jsonl': 'one\n', 'b/c.jsonl': 'zwei – 2\n', 'readme.md': 'x' }
    expect(await logsIn(archiveOf(files))).toEqual([
      ['../../etc/a.jsonl', 'one\n'],
      ['b/c.jsonl', 'zwei – 2\n'],
    ])
  })

  test('that says it is larger than anybody would write is not unpacked', async () => {
    await expect(logsIn(stored('a.jsonl', 'x', 300 * 1024 * 1024))).rejects.toThrow('larger than')
  })
})

/** An archive of one stored file that says what it likes of its size (APPNOTE 4.3). */
function stored(name: string, text: string, size: number): Buffer {
  const common = Buffer.alloc(26)
  common.writeUInt16LE(20, 0)
  common.writeUInt32LE(crc32(text), 10)
  common.writeUInt32LE(text.length, 14)
  common.writeUInt32LE(size, 18)
  common.writeUInt16LE(name.length, 22)
  const local = Buffer.concat([Buffer.from('PK\u0003\u0004'), common, Buffer.from(name + text)])
  const entry = Buffer.alloc(46)
  entry.write('PK\u0001\u0002')
  common.copy(entry, 6)
  const end = Buffer.alloc(22)
  end.write('PK\u0005\u0006')
  end.writeUInt16LE(1, 8)
  end.writeUInt16LE(1, 10)
  end.writeUInt32LE(entry.length + name.length, 12)
  end.writeUInt32LE(local.length, 16)
  return Buffer.concat([local, entry, Buffer.from(name), end])
}
