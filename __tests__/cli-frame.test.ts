import { describe, expect, test } from '@jest/globals'
import { execFileSync, spawnSync, type SpawnSyncReturns } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { COMMANDS } from '../src/cli.ts'
import { coloured } from '../src/cli/colour.ts'
import { EXIT_MEANINGS } from '../src/cli/exit.ts'
import { programOf } from '../src/cli/program.ts'
import { cli, CLI } from './support/cli.ts'

const NAMES = programOf(COMMANDS).commands.map((command) => command.name())
const ESCAPE = '\u001b['

describe('dbt-oidc --help', () => {
  test('names every command, every exit code and where the documentation is', async () => {
    const { code, stdout, stderr } = await cli(['--help'], {})
    expect([code, stderr]).toEqual([0, ''])
    for (const name of NAMES) expect(stdout).toMatch(new RegExp(`^  ${name}\\b`, 'm'))
    for (const [exit, meaning] of EXIT_MEANINGS) expect(stdout).toContain(`  ${exit}  ${meaning}\n`)
    expect(stdout).toContain('README.md')
  })

  test.each(NAMES)('of %s shows an example of itself and the exit codes', async (name) => {
    const { code, stdout, stderr } = await cli([name, '--help'], {})
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/^Examples:$/m)
    expect(stdout.split('Examples:')[1]).toContain(`dbt-oidc ${name}`)
    expect(stdout).toMatch(/^Exit codes:$/m)
    expect(stdout).not.toContain('(default: [])')
    expect((await cli(['help', name], {})).stdout).toBe(stdout)
  })

  test('is no failure when it is asked for, and usage when no command is named', async () => {
    expect((await cli(['help'], {})).code).toBe(0)
    const ended = await cli([], {})
    expect([ended.code, ended.stdout]).toEqual([2, ''])
    expect(ended.stderr).toMatch(/✗ usage: Which command\?\n→ `dbt-oidc --help`/)
  })
})

test('a policy named on the command line may stand outside of the checkout', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'policy-'))
  try {
    const path = join(directory, 'policy.yml')
    writeFileSync(
      path,
      'repository: o/r\ntargets:\n  prod: { connection: { type: trino, host: trino.acme.example, database: lake, schema: s } }\ngrants:\n  - { target: prod, when: { ref: refs/heads/main } }\n',
    )
    const ended = await cli(['check', '--config', path, '--ref', 'main'], {})
    expect([ended.code, ended.stderr]).toEqual([0, ''])
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
})

describe('a token that is given where something else is expected', () => {
  const token = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl'
  test.each([
    [['check', '--token', token]],
    [['doctor', '--token', token]],
    [['lint', token]],
    [['check', '--target', token]],
    [['check', `--${token}`]],
    [['trust', '--format', token]],
    [['trust', '--config', 'ghp_abcdefghijklmnopqrstuvwxyz0123456789']],
    [[token]],
  ])('is not printed in the refusal: %j', async (args) => {
    const policy = `repository: o/r\ntargets:\n  prod: { connection: { type: duckdb, path: a.db } }\ngrants:\n  - { target: prod, when: { ref: refs/heads/main } }\n`
    const ended = await cli(args, { '.github/dbt-oidc.yml': policy })
    expect(ended.code).toBeGreaterThan(1)
    expect(ended.stderr).toContain('(a token, not shown)')
    expect(`${ended.stdout}${ended.stderr}`).not.toMatch(/c2lnbmF0dXJl|ghp_/)
  })
})

interface Package {
  readonly version: string
  readonly bin: Readonly<Record<string, string>>
  readonly files: readonly string[]
  readonly scripts: Readonly<Record<string, string>>
  readonly dependencies?: unknown
}
const PACKAGE = JSON.parse(readFileSync(join(import.meta.dirname, '..', 'package.json'), 'utf8')) as Package

test('--version prints the version of package.json', async () => {
  const { code, stdout } = await cli(['--version'], {})
  expect([code, stdout]).toEqual([0, `${PACKAGE.version}\n`])
})

test('npx from a git commit takes dist as it is committed, and installs nothing besides', () => {
  expect([PACKAGE.bin, PACKAGE.files.includes('dist')]).toEqual([{ 'dbt-oidc': 'dist/cli.js' }, true])
  expect(PACKAGE.dependencies).toBeUndefined()
  // For any of these npm first installs the development dependencies of a git clone (pacote, lib/git.js).
  const preparing = ['postinstall', 'build', 'preinstall', 'install', 'prepack', 'prepare']
  expect(Object.keys(PACKAGE.scripts).filter((name) => preparing.includes(name))).toEqual([])
})

test.each([
  [['trsut'], /^✗ usage: Unknown command 'trsut'; did you mean trust\?\n→ `dbt-oidc --help`/],
  [
    ['trust', '--targt', 'x'],
    /^✗ usage: Unknown option '--targt'; did you mean --target\?\n→ `dbt-oidc trust --help`/,
  ],
  [['trust', '--target'], /^✗ usage: Option '--target <name>' argument missing\.\n/],
  [['trust', 'prod'], /^✗ usage: Too many arguments for 'trust'/],
  [['completion', 'tcsh'], /Allowed choices are bash, zsh, fish\.\n/],
])('%j is refused with exit code 2, and the nearest right word is named', async (args, text) => {
  const { code, stdout, stderr } = await cli(args, {})
  expect([code, stdout]).toEqual([2, ''])
  expect(stderr).toMatch(text)
})

describe('colour', () => {
  test.each<[string, boolean, Record<string, string>, boolean]>([
    ['a terminal', true, { TERM: 'xterm' }, true],
    ['a pipe', false, { TERM: 'xterm' }, false],
    ['a dumb terminal', true, { TERM: 'dumb' }, false],
    ['a terminal with NO_COLOR', true, { NO_COLOR: '1' }, false],
    ['a terminal with an empty NO_COLOR', true, { NO_COLOR: '' }, true],
    ['a pipe with FORCE_COLOR', false, { FORCE_COLOR: '1' }, true],
    ['a terminal with FORCE_COLOR=0', true, { FORCE_COLOR: '0' }, false],
    ['NO_COLOR beside FORCE_COLOR', true, { NO_COLOR: '1', FORCE_COLOR: '1' }, false],
  ])('on %s', (_name, isTTY, env, expected) => {
    expect(coloured({ isTTY }, env)).toBe(expected)
  })

  test('reaches help and refusals only where it is wanted', async () => {
    const wanted = { NO_COLOR: '', FORCE_COLOR: '1' }
    expect((await cli(['--help'], {}, wanted)).stdout).toContain(ESCAPE)
    expect((await cli(['trsut'], {}, wanted)).stderr).toContain(ESCAPE)
    const plain = { NO_COLOR: '' }
    expect((await cli(['--help'], {}, plain)).stdout).not.toContain(ESCAPE)
    expect((await cli(['trsut'], {}, plain)).stderr).not.toContain(ESCAPE)
  })
})

/** By a shell that tells the exit code of the first command of a pipe as well. */
const piped = (script: string): SpawnSyncReturns<string> =>
  spawnSync('bash', ['-c', script, 'bash', process.execPath, CLI], { encoding: 'utf8' })

describe('the output', () => {
  test('may lose its reader without a word, and the exit code still tells the answer', () => {
    const { stdout, stderr } = piped('"$1" "$2" --help | true; echo "${PIPESTATUS[0]}"')
    expect([stdout, stderr]).toEqual(['0\n', ''])
    const refused = piped('"$1" "$2" trust --config nope.yml 2>&1 >&- | true; echo "${PIPESTATUS[0]}"')
    expect([refused.stdout, refused.stderr]).toEqual(['3\n', ''])
  })

  test('that cannot be written is no success', () => {
    const { status, stderr } = piped('"$1" "$2" --help > /dev/full')
    expect([status, stderr]).toEqual([3, '✗ file: The output cannot be written (ENOSPC).\n'])
  })
})

describe('completion in a real bash', () => {
  const script = execFileSync(process.execPath, [CLI, 'completion', 'bash'], { encoding: 'utf8' })

  /** What bash offers behind these words, by the function that it would call itself. */
  function offered(...words: readonly string[]): readonly string[] {
    const line = ['dbt-oidc', ...words]
    const asks = `
      COMP_WORDS=("\${@}"); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); COMP_LINE="$*"; COMP_POINT=\${#COMP_LINE}
      spec=$(complete -p dbt-oidc) || exit 9
      function=\${spec##*-F }; function=\${function%% *}
      "$function" dbt-oidc "\${COMP_WORDS[COMP_CWORD]}" "\${COMP_WORDS[COMP_CWORD-1]}" 2>/dev/null
      printf '%s\\n' "\${COMPREPLY[@]}"`
    const { stdout, status } = spawnSync(
      'bash',
      ['--norc', '-i', '-c', `${script}\n${asks}`, 'bash', ...line],
      {
        encoding: 'utf8',
        env: { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent' },
      },
    )
    expect(status).toBe(0)
    return stdout.split('\n').filter((word) => word !== '')
  }

  test('offers every command', () => {
    expect(offered('')).toEqual([...NAMES, 'help', '--help', '--version'])
    expect(offered('tr')).toEqual(['trust'])
  })

  test('offers every option of a command, and nothing of another', () => {
    for (const command of programOf(COMMANDS).commands)
      expect(offered(command.name(), '--').toSorted()).toEqual(
        [...command.options.map(({ long = '' }) => long), '--help'].toSorted(),
      )
  })

  test('offers the choices of an argument, and leaves files to the shell', () => {
    expect(offered('completion', '')).toEqual(['bash', 'zsh', 'fish', '--help'])
    expect(offered('trust', '--config', '')).toEqual([])
  })
})

test.each(['zsh', 'fish'])('the completion of %s names every command and option', async (shell) => {
  const { stdout } = await cli(['completion', shell], {})
  for (const command of programOf(COMMANDS).commands) {
    expect(stdout).toContain(command.name())
    for (const { long = '' } of command.options)
      expect(stdout).toContain(shell === 'zsh' ? `${long}[` : `-l ${long.slice(2)} `)
  }
})
