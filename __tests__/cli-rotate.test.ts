import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { CLI } from './support/cli.ts'
import { writeFiles } from './support/scratch.ts'

const URL = 'https://vault.acme.example:8200'
const POLICY = `# acme's
repository: acme/dbt
targets:
  prod: # the warehouse
    connection: { type: postgres, host: db.acme.example, dbname: shop, schema: dbt }
    identity: { via: vault, url: "${URL}", role: dbt, database: { role: dbt } }
grants:
  - { target: prod, when: { environment: production } }
`
const PATH = '.github/dbt-oidc.yml'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'rotate-'))
  writeFiles(directory, { [PATH]: POLICY })
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

interface Told {
  readonly code: number
  readonly text: string
}

function rotate(...words: readonly string[]): Told {
  try {
    const options = {
      cwd: directory,
      env: { PATH: process.env['PATH'], NO_COLOR: '1' },
      stdio: 'pipe',
    } as const
    return { code: 0, text: execFileSync(process.execPath, [CLI, 'rotate', ...words], options).toString() }
  } catch (error) {
    const { status, stdout, stderr } = error as { status: number; stdout: Buffer; stderr: Buffer }
    return { code: status, text: `${stdout.toString()}${stderr.toString()}` }
  }
}

function audit(name: string, ...uses: readonly (readonly [hoursAgo: number, aud: string])[]): string {
  const lines = uses.map(([hoursAgo, aud]) =>
    JSON.stringify({
      schema: 1,
      record: 'token',
      time: new Date(Date.now() - hoursAgo * 3_600_000).toISOString(),
      use: 'exchange',
      outcome: 'exchanged',
      trades: 'action',
      token_sha256: 'e3'.repeat(32),
      error: null,
      decision: 'granted',
      grant: 'grants[0]',
      target: 'prod',
      warehouse: 'postgres',
      via: 'vault',
      expires_at: null,
      identity: 'jwt/dbt',
      claims: {
        iss: 'https://token.actions.githubusercontent.com',
        sub: 'repo:acme/dbt:environment:production',
        jti: 'j',
        aud,
        repository: 'acme/dbt',
        ref: 'refs/heads/main',
        run_id: '7',
      },
    }),
  )
  writeFiles(directory, { [name]: `${lines.join('\n')}\n` })
  return name
}

const policy = (): string => readFileSync(join(directory, PATH), 'utf8')
const git = (...words: readonly string[]): void => {
  execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t.test', ...words], { cwd: directory })
}

describe('a rotation of the audience', () => {
  const NEXT = 'urn:acme:2'

  test('goes through both phases, each from what the policy then says, and a third call begins the next', () => {
    const one = rotate('--audience', NEXT, '--write')
    expect(one.code).toBe(0)
    expect(one.text).toContain(`phase 1 of 2: audience ${URL} → ${NEXT}`)
    expect(one.text).toContain(`"bound_audiences": [\n    "${NEXT}",\n    "${URL}"\n  ]`)
    expect(policy()).toBe(
      POLICY.replace('    connection', `    audience: { use: ${NEXT}, also: ${URL} }\n    connection`),
    )
    const two = rotate('--audit', audit('a.jsonl', [90, URL], [50, NEXT], [1, NEXT]), '--write')
    expect(two.code).toBe(0)
    expect(two.text).toContain('The new one was used 2 times since')
    expect(two.text).toContain(`"bound_audiences": [\n    "${NEXT}"\n  ]`)
    expect(policy()).toBe(POLICY.replace('    connection', `    audience: ${NEXT}\n    connection`))
    expect(rotate().text).toContain(`phase 1 of 2: audience ${NEXT} → ${NEXT}/20`)
  })

  test('keeps the old one, and the statements to itself, as long as somebody uses it', () => {
    rotate('--audience', NEXT, '--write')
    const before = policy()
    const nobody = rotate('--write')
    expect([nobody.code, nobody.text]).toEqual([1, expect.stringContaining('No audit log was looked at')])
    const still = rotate('--audit', audit('a.jsonl', [90, NEXT], [30, URL]), '--write')
    expect(still.code).toBe(1)
    expect(still.text).toContain('✗ acme/dbt refs/heads/main run 7 used the old one at')
    expect(still.text).not.toContain('bound_audiences')
    const unmoved = rotate('--audit', audit('b.jsonl', [90, URL]))
    expect([unmoved.code, unmoved.text]).toEqual([
      1,
      expect.stringContaining('No run has used the new one yet'),
    ])
    expect(policy()).toBe(before)
    expect(rotate('--unchecked').text).toContain('bound_audiences')
  })

  test('names the branches that still ask for the old one', () => {
    git('init', '-q', '-b', 'main')
    git('add', '.')
    git('commit', '-qm', 'one')
    git('branch', 'feature/late')
    rotate('--audience', NEXT, '--write')
    git('commit', '-qam', 'two')
    const { text } = rotate('--audit', audit('a.jsonl', [50, NEXT]))
    expect(text).toContain(
      'These branches still ask for the old one, and are refused from then on: feature/late.',
    )
  })

  test('is not begun a second time before it has ended', () => {
    rotate('--audience', NEXT, '--write')
    expect(rotate('--audience', 'urn:acme:3').text).toContain('in the midst of a rotation already')
  })

  test('is refused where there is no policy that could say it', () => {
    rmSync(join(directory, PATH))
    writeFiles(directory, {
      'w.yml': `on: push\njobs:\n  dbt:\n    runs-on: x\n    steps:\n      - uses: acme/dbt-oidc@v1\n        with:\n          connection: "{ type: duckdb }"\n          ref: refs/heads/main\n`,
    })
    const { code, text } = rotate('--workflow', 'w.yml', '--repository', 'acme/dbt')
    expect([code, text]).toEqual([3, expect.stringContaining('A rotation needs a policy file')])
  })
})

describe('a rotation of a role', () => {
  test('makes the second beside the first, and takes the first away by its name', () => {
    const one = rotate('--set', 'identity.role=dbt-2', '--write')
    expect(one.text).toContain('vault write auth/jwt/role/dbt-2 -')
    expect(one.text).toContain('rotate --target prod --was identity.role=dbt --audit FILE…')
    expect(policy()).toBe(POLICY.replace('role: dbt,', 'role: dbt-2,'))
    const log = audit('a.jsonl', [50, URL])
    writeFiles(directory, {
      [log]: readFileSync(join(directory, log), 'utf8').replace('jwt/dbt', 'jwt/dbt-2'),
    })
    const two = rotate('--was', 'identity.role=dbt', '--audit', log)
    expect([two.code, two.text]).toEqual([0, expect.stringContaining('vault delete auth/jwt/role/dbt\n')])
    // Named by the role that has it, so nobody else's login loses it.
    expect(two.text).toContain('vault policy delete dbt-oidc-jwt-dbt\n')
  })

  test('that leaves no trace in the audit log needs somebody who knows', () => {
    expect(rotate('--set', 'connection.schema=dbt_2', '--write').text).toContain(
      'connection.schema dbt → dbt_2',
    )
    const { code, text } = rotate('--was', 'connection.schema=dbt', '--audit', audit('a.jsonl', [50, URL]))
    expect([code, text]).toEqual([
      1,
      expect.stringContaining('The audit log does not tell the old from the new'),
    ])
  })

  test('is refused where nothing on the other side would change', () => {
    const { code, text } = rotate('--set', 'connection.threads=8')
    expect([code, text]).toEqual([3, expect.stringContaining('there is nothing to rotate')])
  })
})
