import { describe, expect, test } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cli, CLI } from './support/cli.ts'
import { parseCommands } from './support/runner.ts'
import { writeFiles } from './support/scratch.ts'

// What stands in the files of others reaches whoever looks at an answer, and must not reach the terminal as an order.

/** Sets the title of the window, hides what follows in three ways, turns the order of reading round, and is an order to a terminal of eight bits. */
const ORDERS = '\u001b]0;mine\u0007\u001b[8m\u001b[30m\u001b[7m\u202e\u009b2J'
/** What the runner would obey. */
const COMMAND = '##[error]mine'

const WORKFLOW = `on: { push: { branches: [main] } }
jobs:
  dbt:
    runs-on: ubuntu-24.04
    steps:
      - uses: actions/checkout@v4
      # ${ORDERS}
      - run: dbt build
        env:
          DBT_PASSWORD: \${{ secrets.DBT_PASSWORD }}
`
const PROFILES = `shop:
  target: prod
  outputs:
    prod: { type: snowflake, account: acme, user: dbt, password: "{{ env_var('DBT_PASSWORD') }}", role: r, warehouse: w, database: d, schema: s }
`
const MIGRATED = { 'profiles.yml': PROFILES, '.github/workflows/dbt.yml': WORKFLOW }
const REF = `refs/heads/${COMMAND}`
const CHECK = ['check', '--ref', COMMAND, '--claim', `actor=${ORDERS}`]
const POLICY = `repository: acme/dbt
targets: { prod: { connection: { type: duckdb, path: ${JSON.stringify(ORDERS)} } } }
grants: [{ name: main, target: prod, when: { ref: [refs/heads/main, ${JSON.stringify(REF)}] } }]
`
const POLICED = { '.github/dbt-oidc.yml': POLICY }

/** What a terminal is sent. */
function onTerminal(args: readonly string[], files: Readonly<Record<string, string>>): string {
  const directory = mkdtempSync(join(tmpdir(), 'terminal-'))
  try {
    writeFiles(directory, files)
    const spawn = 'import pty, sys; pty.spawn(sys.argv[1:])'
    return execFileSync('python3', ['-c', spawn, process.execPath, CLI, ...args], {
      cwd: directory,
      env: { PATH: process.env['PATH'] ?? '', FORCE_COLOR: '1', TERM: 'xterm' },
      input: '',
      encoding: 'utf8',
    })
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

const ESC = '\u001b'
/** Whatever is painted ends where it began to be: what stands alone is no colour of ours. */
const COLOUR = new RegExp(`${ESC}\\[(?:[127]|3[123]|1;3[136])m[^${ESC}\n]*${ESC}\\[(?:0|22)m`, 'g')

/** Whatever a terminal would obey, but for colours. */
const obeyed = (text: string): RegExpMatchArray | null =>
  text
    .replaceAll(COLOUR, '')
    .replaceAll(/\r?\n/g, '')
    .match(/[\p{Cc}\p{Bidi_Control}]/gu)

describe('a terminal obeys nothing of the files of others', () => {
  test.each<[string, readonly string[], Readonly<Record<string, string>>]>([
    ['migrate', ['migrate', '--repository', 'acme/dbt'], MIGRATED],
    ['migrate --json', ['migrate', '--repository', 'acme/dbt', '--json'], MIGRATED],
    ['check', CHECK, POLICED],
    ['check --json', [...CHECK, '--json'], POLICED],
    ['check --all', ['check', '--all', '--branches', 'main'], POLICED],
    ['trust', ['trust'], POLICED],
    ['doctor', ['doctor'], POLICED],
    ['lint', ['lint'], POLICED],
    ['lint --json', ['lint', '--json'], POLICED],
  ])('when it shows what `%s` says', (_what, args, files) => {
    const said = onTerminal(args, files)
    expect(said).not.toBe('')
    expect(obeyed(said)).toBeNull()
  })
})

describe('a proposal', () => {
  test('shows a terminal what stands there, and hands it to `git apply` as it is', async () => {
    const migrate = ['migrate', '--repository', 'acme/dbt']
    expect(onTerminal(migrate, MIGRATED)).toContain(
      String.raw`# \u{1b}]0;mine\u{7}\u{1b}[8m\u{1b}[30m\u{1b}[7m\u{202e}\u{9b}2J`,
    )
    expect((await cli(migrate, MIGRATED)).stdout).toContain(`      # ${ORDERS}\n`)
  })
})

describe('a refusal', () => {
  test.each([
    ['of a file', ['check', '--token', `${ORDERS}${COMMAND}`]],
    ['of a word', [`${ORDERS}${COMMAND}`]],
  ])('%s gives no command either', async (_what, args) => {
    const { code, stderr } = await cli(args, POLICED, { GITHUB_ACTIONS: 'true' })
    expect(code).toBeGreaterThan(1)
    expect([obeyed(stderr), stderr.includes('##[')]).toEqual([null, false])
    expect(stderr).toContain('mine')
  })
})

describe('the log of a runner', () => {
  const PATCHED = {
    ...MIGRATED,
    '.github/workflows/dbt.yml': WORKFLOW.replace(
      '      - run: dbt build\n',
      '      - run: |\n          # ##[add-mask]mine\n          ::add-mask::mine\n          dbt build\n',
    ),
  }
  const migrate = ['migrate', '--repository', 'acme/dbt']

  test('is given no command by a proposal, which says how to have it to the byte', async () => {
    const { stdout, stderr } = await cli(migrate, PATCHED, { GITHUB_ACTIONS: 'true' })
    expect(stdout).toContain(String.raw`# ##\[add-mask]mine`)
    expect(stdout).toMatch(/^[ +-] *\\::add-mask::mine$/m)
    expect(parseCommands(stdout)).toEqual([])
    expect(stderr).toContain('`> FILE`')
  })

  test('is given none elsewhere, where the proposal is a patch to the byte', async () => {
    const { stdout, stderr } = await cli(migrate, PATCHED)
    expect([stdout.includes('# ##[add-mask]mine'), stderr]).toEqual([true, ''])
  })

  test.each([
    ['check', CHECK],
    ['check --json', [...CHECK, '--json']],
    ['check --all', ['check', '--all', '--branches', 'main']],
  ])('is given no command by what `%s` says', async (_what, args) => {
    const { stdout, stderr } = await cli(args, POLICED, { GITHUB_ACTIONS: 'true' })
    expect(stdout).toContain('mine')
    expect(`${stdout}${stderr}`).not.toContain('##[')
  })

  test('has JSON that says the same all the same', async () => {
    const { stdout } = await cli([...CHECK, '--json'], POLICED)
    expect(JSON.parse(stdout)).toMatchObject({
      claims: { actor: ORDERS },
      verdicts: [
        { checks: expect.arrayContaining([expect.objectContaining({ expected: ['refs/heads/main', REF] })]) },
      ],
    })
  })
})
