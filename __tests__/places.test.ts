import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { requireOwnPlaces } from '../src/dbt/places.ts'
import { GRANTED, openJob } from './support/job.ts'
import { logOf, PROJECT, remainsOf } from './support/process.ts'

let directory: string
const at = (...parts: readonly string[]): string => join(directory, ...parts)

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'places-'))
  for (const name of ['checkout/project', 'checkout/.git', 'home/.config', 'temp/_runner_file_commands'])
    mkdirSync(at(name), { recursive: true })
  symlinkSync(at('home', '.config'), at('checkout', 'away'))
  symlinkSync(at('checkout'), at('link'))
  symlinkSync(at('checkout', 'dbt_packages', '..', 'away'), at('checkout', 'later'))
})
afterAll(() => rmSync(directory, { recursive: true, force: true }))

type Key = 'packagesPath' | 'targetPath' | 'logPath'
const KEYS: readonly Key[] = ['packagesPath', 'targetPath', 'logPath']

/** Whether dbt may write there, where everything else has its usual place. */
function asked(key: Key, path: string): Promise<void> {
  const usual = {
    packagesPath: at('checkout/dbt_packages'),
    targetPath: at('checkout/target'),
    logPath: at('checkout/logs'),
  }
  return requireOwnPlaces({ ...usual, [key]: path }, { workspace: at('checkout'), temp: at('temp') })
}

describe.each(KEYS)('what dbt writes to its %s', (key) => {
  test.each([
    ['in the project, not there yet', 'checkout/project/dbt_packages'],
    ['beside the project', 'checkout/dbt_packages'],
    ['in a checkout that is itself a link', 'link/project/dbt_packages'],
  ])('may stand %s', async (_where, path) => {
    await expect(asked(key, at(path))).resolves.toBeUndefined()
  })

  test.each([
    ['in a home, where it would be the configuration of git', 'home/.config'],
    ['behind a link that leads out of the checkout', 'checkout/away/git'],
    ['behind a link to what is not there yet', 'checkout/later/git'],
    ['in what git keeps', 'checkout/.git/hooks'],
    ['over the whole checkout', 'checkout'],
    ['around the checkout', '.'],
    ['in the files by which the runner is given commands', 'temp/_runner_file_commands'],
    ['in the directory of another job of ours', 'temp/dbt-oidc-0123'],
    ['in place of all that is temporary', 'temp'],
  ])('may not stand %s', async (_where, path) => {
    await expect(asked(key, at(path))).rejects.toMatchObject({ code: 'project' })
  })
})

test('artifacts and logs may stand in a temporary directory, which packages may not', async () => {
  for (const place of [at('temp/dbt/target'), join(tmpdir(), 'dbt-target')]) {
    await expect(asked('targetPath', place)).resolves.toBeUndefined()
    await expect(asked('logPath', place)).resolves.toBeUndefined()
    await expect(asked('packagesPath', place)).rejects.toMatchObject({ code: 'project' })
  }
})

describe('a project that would have dbt write elsewhere', () => {
  test.each([
    ['target-path', '../../home/.config/git', {}],
    ['log-path', '/etc/cron.d', {}],
    ['target-path', `"{{ env_var('DBT_OUT') }}"`, { DBT_OUT: '/var/spool/dbt' }],
    ['packages-install-path', '../../home/.config', {}],
  ])('by its %s is refused before a token is asked for', async (key, path, env) => {
    await using job = await openJob()
    const files = { 'dbt_project.yml': `${PROJECT['dbt_project.yml']}${key}: ${path}\n` }
    await using step = await job.step({ files, env })
    expect([step.exitCode, step.requests, job.dbt.runs(), remainsOf(step)]).toEqual([1, [], [], []])
    expect(logOf(step)).toContain(`✗ project: ${key} leads to `)
  })

  test('by a link among the packages that a line before has unpacked, is refused before the next one', async () => {
    await using job = await openJob()
    job.dbt.behave({ deps: { link: { 'dbt_packages/theirs/out': '/etc' } } })
    const files = {
      'dbt_project.yml': `${PROJECT['dbt_project.yml']}target-path: dbt_packages/theirs/out/x\n`,
    }
    await using step = await job.step({ files, inputs: { ...GRANTED, run: 'deps\nbuild' } })
    expect([step.exitCode, job.dbt.runs().map(({ command }) => command)]).toEqual([1, ['deps']])
    expect(logOf(step)).toContain('✗ project: target-path leads to ')
  })
})
