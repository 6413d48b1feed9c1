import { describe, expect, test } from '@jest/globals'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, posix, resolve, win32 } from 'node:path'
import { resolveDbt } from '../src/dbt/resolve.ts'
import { dbtEnvironment } from '../src/dbt/environment.ts'
import { readWords } from '../src/dbt/words.ts'
import { isInside, namedFrom } from '../src/inside.ts'
import { directoriesOf, launchOf, programNames, treeKiller, variablesOf } from '../src/platform.ts'

describe('the environment', () => {
  test('of Windows can be looked up by one name, whatever the case in which it came', () => {
    expect(variablesOf({ Path: 'C:\\bin', PATHEXT: '.EXE', 'ProgramFiles(x86)': 'C:\\P' }, 'win32')).toEqual({
      PATH: 'C:\\bin',
      PATHEXT: '.EXE',
      'PROGRAMFILES(X86)': 'C:\\P',
    })
    expect(variablesOf({ Path: 'first', PATH: 'second' }, 'win32')).toEqual({ PATH: 'first' })
  })

  test('of any other system tells names apart by case', () => {
    const env = { Path: 'a', PATH: 'b' }
    for (const platform of ['linux', 'darwin'] as const) expect(variablesOf(env, platform)).toBe(env)
  })

  test('of dbt on Windows has what Windows itself needs, and no token in another case', () => {
    const { env } = dbtEnvironment({
      env: variablesOf(
        {
          Path: '/b',
          SystemRoot: 'C:\\Windows',
          Actions_Id_Token_Request_Token: 'secret',
          github_token: 'secret',
        },
        'win32',
      ),
      names: ['ACTIONS_*', 'github_token'],
      steering: { target: 'prod', projectDir: '/w' },
      workspace: '/w',
      nowhere: '/n',
      carried: {},
      windows: true,
    })
    expect(env).toMatchObject({ PATH: '/b', SYSTEMROOT: 'C:\\Windows' })
    expect(Object.values(env)).not.toContain('secret')
  })
})

test.each([
  ['linux', '/opt/a:/b', ['/opt/a', '/b']],
  ['darwin', '/opt/a;b:/b', ['/opt/a;b', '/b']],
  ['win32', 'C:\\Python\\Scripts;C:\\bin', ['C:\\Python\\Scripts', 'C:\\bin']],
  ['win32', '"C:\\odd;name\\bin";C:\\bin;', ['C:\\odd;name\\bin', 'C:\\bin']],
  ['win32', '', []],
] as const)('on %s the directories of %j are %j', (platform, path, directories) => {
  expect(directoriesOf(path, platform)).toEqual(directories)
})

test.each([
  ['linux', '.EXE', ['dbt']],
  ['darwin', undefined, ['dbt']],
  ['win32', '.COM;.EXE;.BAT;.CMD;.VBS;.JS', ['dbt.com', 'dbt.exe', 'dbt.bat', 'dbt.cmd']],
  ['win32', '.cmd; .exe', ['dbt.cmd', 'dbt.exe']],
  ['win32', undefined, ['dbt.com', 'dbt.exe', 'dbt.bat', 'dbt.cmd']],
  ['win32', '.PY', ['dbt.com', 'dbt.exe', 'dbt.bat', 'dbt.cmd']],
] as const)('on %s with PATHEXT %j dbt is one of %j', (platform, pathext, names) => {
  expect(programNames('dbt', pathext, platform)).toEqual(names)
})

/** Which of these files a search finds; made to be executable, so that only their names decide. */
async function found(files: readonly string[], pathext?: string): Promise<string> {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'platform-')))
  try {
    for (const file of files) {
      mkdirSync(join(root, file, '..'), { recursive: true })
      writeFileSync(join(root, file), '')
    }
    mkdirSync(join(root, 'work'))
    const { path } = await resolveDbt({
      path: `${root}/one;"${root}/two"`,
      pathext,
      workspace: join(root, 'work'),
      adapter: 'dbt-duckdb',
      exec: async () => ({ exitCode: 0, stdout: 'Core:\n  - installed: 1.12.6\n\nPlugins:\n', stderr: '' }),
      platform: 'win32',
    })
    return path.slice(root.length + 1).replaceAll('\\', '/')
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

describe('dbt on Windows', () => {
  test('is dbt.exe before dbt.cmd of one directory, and whatever stands in an earlier one before both', async () => {
    expect(await found(['one/dbt', 'one/dbt.cmd', 'one/dbt.exe'])).toBe('one/dbt.exe')
    expect(await found(['one/dbt.cmd', 'two/dbt.exe'])).toBe('one/dbt.cmd')
    expect(await found(['two/dbt.exe'])).toBe('two/dbt.exe')
  })

  test('goes by PATHEXT', async () => {
    expect(await found(['one/dbt.exe', 'one/dbt.cmd'], '.CMD;.EXE')).toBe('one/dbt.cmd')
  })

  test('is no file without an ending, which Windows would not start', async () => {
    await expect(found(['one/dbt'])).rejects.toThrow('There is no dbt on PATH.')
  })
})

describe('a program is started', () => {
  const env = { SystemRoot: 'C:\\Windows', ComSpec: 'C:\\evil.exe' }

  test.each([
    ['linux', '/opt/dbt'],
    ['darwin', '/opt/dbt.cmd'],
    ['win32', 'C:\\Scripts\\dbt.exe'],
  ] as const)('without a shell on %s: %s', (platform, file) => {
    const argv = ['build', '--vars', '{"a": "%PATH% & calc"}']
    expect(launchOf(file, argv, env, platform)).toEqual({ path: file, argv, verbatim: false })
  })

  test('as a batch file by the cmd.exe of the system, and by no other', () => {
    expect(
      launchOf('C:\\my tools\\dbt.CMD', ['build', '--select', 'tag:a b', 'x&calc', '(y|z)'], env, 'win32'),
    ).toEqual({
      path: 'C:\\Windows\\System32\\cmd.exe',
      argv: [
        '/d',
        '/v:off',
        '/s',
        '/c',
        '""C:\\my tools\\dbt.CMD" "build" "--select" "tag:a b" "x&calc" "(y|z)""',
      ],
      verbatim: true,
    })
  })

  test('with a path that ends in a backslash as one argument', () => {
    expect(launchOf('d.bat', ['--x', 'C:\\a\\'], env, 'win32').argv.at(-1)).toBe(
      '""d.bat" "--x" "C:\\a\\\\""',
    )
  })

  test.each(['"&calc&"', '%PATH%', 'a^&b', 'a!b', 'a\r\ncalc', 'a\nb'])(
    'as a batch file never with %j, which cmd.exe would read anew',
    (argument) => {
      expect(() => launchOf('dbt.cmd', ['build', argument], env, 'win32')).toThrow('is a batch file')
    },
  )

  test('and ended with its children by the taskkill of the system', () => {
    expect(treeKiller(4711, env)).toEqual({
      path: 'C:\\Windows\\System32\\taskkill.exe',
      argv: ['/pid', '4711', '/t', '/f'],
      verbatim: false,
    })
  })
})

test.each([
  ['D:\\a\\repo\\x', 'D:\\a\\repo', true],
  ['d:\\A\\Repo\\x', 'D:\\a\\repo', true],
  ['D:/a/repo/x', 'D:\\a\\repo', true],
  ['D:\\a\\repo', 'D:\\a\\repo', false],
  ['D:\\a\\repository', 'D:\\a\\repo', false],
  ['D:\\a\\repo\\..\\x', 'D:\\a\\repo', false],
  ['C:\\a\\repo\\x', 'D:\\a\\repo', false],
  ['\\\\server\\share\\x', 'D:\\a', false],
  ['D:\\a\\..x\\y', 'D:\\a', true],
])('by the rules of Windows %s lies in %s: %s', (path, directory, inside) => {
  expect(isInside(path, directory, win32)).toBe(inside)
})

test.each([
  ['/a/repo/x', '/a/repo', true],
  ['/A/repo/x', '/a/repo', false],
  ['/a/repo\\x', '/a/repo', false],
])('by the rules of the others %s lies in %s: %s', (path, directory, inside) => {
  expect(isInside(path, directory, posix)).toBe(inside)
})

test('a path is told as a repository names it', () => {
  const workspace = resolve('w')
  expect(namedFrom(workspace, join(workspace, 'ci', 'profiles.yml'))).toBe('ci/profiles.yml')
  expect(namedFrom(workspace, workspace)).toBe('')
})

const texts = (text: string) => readWords(text).commands.map((words) => words.map((word) => word.text))

test('commands of a file with the line ends of Windows are the same commands', () => {
  const unix = 'deps\nbuild --select \\\n  tag:a\n'
  expect(texts(unix.replaceAll('\n', '\r\n'))).toEqual(texts(unix))
})
