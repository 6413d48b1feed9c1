import { execFile } from 'node:child_process'
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { realpathSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { makePrivateDirectory } from '../src/files.ts'
import { removePrivateDirectory } from '../src/files/remove.ts'
import { impossibleFileNames } from './hostile/profile.ts'
import { CAN_BE_ANOTHER } from './support/stranger.ts'

const FILES = join(dirname(fileURLToPath(import.meta.url)), '..', 'src', 'files.ts')

let temp = ''
let victim = ''
let umask = 0

beforeEach(async () => {
  const base = await mkdtemp(join(realpathSync(tmpdir()), 'files-test-'))
  temp = join(base, 'temp')
  victim = join(base, 'victim')
  await mkdir(temp)
  await mkdir(victim)
  await writeFile(join(victim, 'precious'), 'untouched')
  umask = process.umask()
})

afterEach(async () => {
  process.umask(umask)
  await rm(dirname(temp), { recursive: true, force: true })
})

const mode = async (path: string): Promise<number> => (await lstat(path)).mode & 0o777
const refused = (problem: RegExp) =>
  expect.objectContaining({ code: 'file', problem: expect.stringMatching(problem) })
const precious = (): Promise<string> => readFile(join(victim, 'precious'), 'utf8')

describe('a private directory', () => {
  test('has a name that nobody can guess, mode 0700 and files of mode 0600', async () => {
    const one = await makePrivateDirectory(temp)
    const other = await makePrivateDirectory(temp)
    expect(basename(one.path)).toMatch(/^dbt-oidc-[0-9a-f]{24}$/)
    expect(dirname(one.path)).toBe(temp)
    expect(one.path).not.toBe(other.path)
    expect(one.marker).not.toBe(other.marker)
    const file = await one.write('profiles.yml', 'ü')
    expect(file).toBe(join(one.path, 'profiles.yml'))
    expect(await readFile(file, 'utf8')).toBe('ü')
    expect([await mode(one.path), await mode(file)]).toEqual([0o700, 0o600])
  })

  test.each([0o000, 0o777, 0o077])('keeps these modes under umask %o (path-07)', async (mask) => {
    process.umask(mask)
    const directory = await makePrivateDirectory(temp)
    const files = [
      await directory.write('a', '1'),
      await directory.replace('b', '2'),
      await directory.replace('b', '3'),
    ]
    expect(await mode(directory.path)).toBe(0o700)
    for (const file of files) expect(await mode(file)).toBe(0o600)
  })

  test('is never one that was there before (path-02, path-05)', async () => {
    await symlink(victim, join(temp, 'dbt-oidc'))
    await mkdir(join(temp, 'dbt-oidc-x'), { mode: 0o755 })
    const directory = await makePrivateDirectory(temp)
    await directory.write('profiles.yml', 'x')
    expect(await readdir(victim)).toEqual(['precious'])
    expect(await readdir(join(temp, 'dbt-oidc-x'))).toEqual([])
  })

  test('takes no file through a link, and leaves the other end alone (path-03)', async () => {
    const directory = await makePrivateDirectory(temp)
    await symlink(join(victim, 'precious'), join(directory.path, 'profiles.yml'))
    await symlink(join(victim, 'new'), join(directory.path, 'dangling'))
    await expect(directory.write('profiles.yml', 'x')).rejects.toEqual(refused(/there already/))
    await expect(directory.write('dangling', 'x')).rejects.toEqual(refused(/there already/))
    expect(await precious()).toBe('untouched')
    expect(await readdir(victim)).toEqual(['precious'])
  })

  test('replaces a link by a file, and leaves the other end alone', async () => {
    const directory = await makePrivateDirectory(temp)
    await symlink(join(victim, 'precious'), join(directory.path, 'token'))
    const file = await directory.replace('token', 'x')
    expect((await lstat(file)).isFile()).toBe(true)
    expect(await precious()).toBe('untouched')
  })

  test('puts no secret into a file that others can read (path-04)', async () => {
    const directory = await makePrivateDirectory(temp)
    await writeFile(join(directory.path, 'profiles.yml'), 'old', { mode: 0o644 })
    await expect(directory.write('profiles.yml', 'secret')).rejects.toEqual(refused(/there already/))
    expect(await readFile(join(directory.path, 'profiles.yml'), 'utf8')).toBe('old')
    expect(await mode(await directory.replace('profiles.yml', 'secret'))).toBe(0o600)
  })

  test('takes nothing more once it was opened to others or replaced (path-05, path-09)', async () => {
    const directory = await makePrivateDirectory(temp)
    await chmod(directory.path, 0o755)
    await expect(directory.write('a', 'x')).rejects.toEqual(refused(/open to other users/))
    await rename(directory.path, join(temp, 'moved'))
    await symlink(victim, directory.path)
    await expect(directory.write('a', 'x')).rejects.toEqual(refused(/not a directory/))
    expect(await readdir(victim)).toEqual(['precious'])
  })

  test.each(impossibleFileNames)('has no file called %j', async (name) => {
    const directory = await makePrivateDirectory(temp)
    await expect(directory.write(name, 'x')).rejects.toEqual(refused(/plain file name/))
    await expect(directory.replace(name, 'x')).rejects.toEqual(refused(/plain file name/))
    expect(await readdir(directory.path)).toEqual(['.dbt-oidc'])
  })

  test('replaces a file as a whole: a reader never sees a part', async () => {
    const directory = await makePrivateDirectory(temp)
    const whole = ['a', 'b'].map((letter) => letter.repeat(200_000))
    const file = await directory.replace('token', whole[0] ?? '')
    const writer = (async () => {
      for (let round = 0; round < 60; round += 1) await directory.replace('token', whole[round % 2] ?? '')
    })()
    for (let round = 0; round < 200; round += 1) expect(whole).toContain(await readFile(file, 'utf8'))
    await writer
    expect((await readdir(directory.path)).toSorted()).toEqual(['.dbt-oidc', 'token'])
  })

  test('cannot be made where the temporary directory is missing, and says so', async () => {
    await expect(makePrivateDirectory(join(temp, 'none'))).rejects.toEqual(
      refused(/cannot be used: it or its directory does not exist/),
    )
  })

  // Only root can become somebody else.
  if (!CAN_BE_ANOTHER) test.todo('needs no user of a name: only root can try that')
  else
    test('needs no user of a name: in a container the number may stand in no list', async () => {
      const script = `
        import { chownSync } from 'node:fs'
        import { userInfo } from 'node:os'
        import { makePrivateDirectory } from '${FILES}'
        const [, temp] = process.argv
        chownSync(temp, 54_321, 54_321)
        process.seteuid(54_321)
        try { console.log(userInfo().username) } catch (error) { console.log(error.info.code) }
        const directory = await makePrivateDirectory(temp)
        await directory.remove()
        console.log('made and removed')`
      const options = ['--input-type=module', '-e', script, temp]
      await chmod(dirname(temp), 0o755)
      const { stdout } = await promisify(execFile)(process.execPath, options, {
        env: { ...process.env, NODE_OPTIONS: '' },
      })
      expect(stdout).toBe('ENOENT\nmade and removed\n')
    })

  test('leaves no part of a file that could not be written whole', async () => {
    const script = `
      import { readdirSync } from 'node:fs'
      import { makePrivateDirectory } from '${FILES}'
      process.on('SIGXFSZ', () => {})
      const directory = await makePrivateDirectory(process.argv[1])
      await directory.replace('token', 'old')
      for (const way of ['write', 'replace']) {
        const error = await directory[way](way === 'write' ? 'profiles.yml' : 'token', 'x'.repeat(100_000)).catch((error) => error)
        console.log(error.code, error.problem)
      }
      console.log(readdirSync(directory.path).join())`
    const command = 'ulimit -f 8; exec "$0" --input-type=module -e "$1" "$2"'
    const { stdout } = await promisify(execFile)('bash', ['-c', command, process.execPath, script, temp], {
      env: { ...process.env, NODE_OPTIONS: '' },
    })
    expect(stdout.trim().split('\n')).toEqual([
      'file profiles.yml could not be written: the file would be larger than allowed.',
      'file token could not be replaced: the file would be larger than allowed.',
      '.dbt-oidc,token',
    ])
  })
})

describe('removing a private directory', () => {
  test('takes all that is in it, links as links, and may be done twice', async () => {
    const directory = await makePrivateDirectory(temp)
    await directory.write('profiles.yml', 'x')
    await mkdir(join(directory.path, 'target'))
    await symlink(victim, join(directory.path, 'target', 'link'))
    await removePrivateDirectory(directory.path, directory.marker, temp)
    await removePrivateDirectory(directory.path, directory.marker, temp)
    await directory.remove()
    expect(await readdir(temp)).toEqual([])
    expect(await precious()).toBe('untouched')
  })

  test('takes it whole while files of it are still being replaced', async () => {
    for (let round = 0; round < 20; round++) {
      const directory = await makePrivateDirectory(temp)
      const over = new AbortController()
      const renewing = Array.from({ length: 8 }, async (_, at) => {
        // A renewal that comes too late is refused, and that is all.
        while (!over.signal.aborted) await directory.replace(`token-${at}`, 'secret').catch(() => undefined)
      })
      await new Promise((resolve) => setTimeout(resolve, 5))
      await directory.remove().finally(() => over.abort())
      await Promise.all(renewing)
      expect(await readdir(temp)).toEqual([])
    }
  })

  test('goes on where an earlier process was ended while it removed', async () => {
    const directory = await makePrivateDirectory(temp)
    await directory.write('token', 'secret')
    await rename(directory.path, `${directory.path}.gone`)
    await directory.remove()
    expect(await readdir(temp)).toEqual([])
  })

  test('lets a directory of that other name stay where it is not ours', async () => {
    const directory = await makePrivateDirectory(temp)
    await mkdir(`${directory.path}.gone`, { mode: 0o700 })
    await writeFile(join(`${directory.path}.gone`, 'precious'), '')
    await expect(directory.remove()).rejects.toEqual(refused(/marker of this run/))
    expect(await readdir(temp)).toEqual([`${basename(directory.path)}.gone`])
  })

  test('removes only the link where the directory was replaced by one (path-09)', async () => {
    const directory = await makePrivateDirectory(temp)
    await rm(directory.path, { recursive: true })
    await symlink(victim, directory.path)
    await directory.remove()
    expect(await readdir(temp)).toEqual([])
    expect(await precious()).toBe('untouched')
  })

  test('touches nothing that the state of the job was changed to name (file-command-07)', async () => {
    const directory = await makePrivateDirectory(temp)
    const name = basename(directory.path)
    const outside = join(victim, name)
    await mkdir(outside, { mode: 0o700 })
    await writeFile(join(outside, '.dbt-oidc'), directory.marker)
    const targets = [
      '/etc/passwd',
      '/',
      '',
      '.',
      temp,
      victim,
      outside,
      `${temp}/../victim/${name}`,
      `${directory.path}/.`,
      `${directory.path}/target`,
    ]
    for (const path of targets) {
      await expect(removePrivateDirectory(path, directory.marker, temp)).rejects.toEqual(
        refused(/no private directory/),
      )
    }
    expect((await readdir(victim)).toSorted()).toEqual([name, 'precious'].toSorted())
    expect(await readdir(directory.path)).toEqual(['.dbt-oidc'])
  })

  test('takes an empty one whose marker was never written, at the path that was announced', async () => {
    const planned: { path: string; marker: string }[] = []
    const directory = await makePrivateDirectory(temp, ({ path, marker }) => planned.push({ path, marker }))
    expect(planned).toEqual([{ path: directory.path, marker: directory.marker }])
    await rm(join(directory.path, '.dbt-oidc'))
    await directory.remove()
    expect(await readdir(temp)).toEqual([])
  })

  test.each([
    ['another marker', 'f'.repeat(64)],
    ['an empty marker', ''],
  ])('does not remove for %s', async (_, marker) => {
    const directory = await makePrivateDirectory(temp)
    await expect(removePrivateDirectory(directory.path, marker, temp)).rejects.toEqual(
      refused(/marker of this run/),
    )
    expect(await readdir(directory.path)).toEqual(['.dbt-oidc'])
  })

  test('does not remove a directory whose marker is missing, empty or a link', async () => {
    const directory = await makePrivateDirectory(temp)
    const marker = join(directory.path, '.dbt-oidc')
    await directory.write('profiles.yml', 'x')
    await rm(marker)
    await expect(directory.remove()).rejects.toEqual(refused(/marker of this run/))
    await writeFile(marker, '')
    await expect(removePrivateDirectory(directory.path, '', temp)).rejects.toEqual(
      refused(/marker of this run/),
    )
    await rm(marker)
    await writeFile(join(victim, 'marker'), directory.marker)
    await symlink(join(victim, 'marker'), marker)
    await expect(directory.remove()).rejects.toEqual(refused(/marker of this run/))
  })
})
