import { describe, expect, test } from '@jest/globals'
import { createHash } from 'node:crypto'
import { exportAll, withoutOwnExports } from '../src/exports.ts'
import { GRANTED, openJob } from './support/job.ts'

const PREPARED = { connection: '{ type: duckdb, path: prod.duckdb }', ref: 'refs/heads/main' }

describe('the files of the runner', () => {
  test('an output with line ends reads back as one output with that value (file-command-01)', async () => {
    await using job = await openJob()
    await using step = await job.step({ inputs: { ...GRANTED, 'audit-log': 'a\nevil=1\ngranted=maybe' } })
    expect(step.exitCode).toBe(0)
    expect(step.outputs.get('audit-log')).toBe(`${step.paths.workspace}/a\nevil=1\ngranted=maybe`)
    expect(step.outputs.has('evil')).toBe(false)
    expect(step.outputs.get('granted')).toBe('true')
  })

  test('the mark that ends a value is new for each one, so that no value can contain it (file-command-02)', async () => {
    await using job = await openJob()
    await using step = await job.step()
    const marks = [...step.commandFiles.output.matchAll(/<<(\S+)$/gm)].map((found) => found[1])
    expect(marks.length).toBeGreaterThan(5)
    expect(new Set(marks).size).toBe(marks.length)
  })

  test('nothing but paths of ours reaches the environment of later steps (file-command-03)', async () => {
    await using job = await openJob()
    await using step = await job.step({ inputs: PREPARED })
    expect([...step.exportedEnv.keys()].toSorted()).toEqual(['DBT_OIDC_EXPORTED', 'DBT_PROFILES_DIR'])
    const host = { env: {}, exportVariable: () => undefined } as unknown as Parameters<typeof exportAll>[0]
    expect(() => exportAll(host, { NODE_OPTIONS: '--require /evil.js' })).toThrow('NODE_OPTIONS')
  })

  test('a second use knows what the first exported, and only while it is unchanged', () => {
    const digest = createHash('sha256').update('/private').digest('hex')
    const record = { DBT_OIDC_EXPORTED: JSON.stringify({ DBT_PROFILES_DIR: digest }) }
    expect(withoutOwnExports({ ...record, DBT_PROFILES_DIR: '/private', A: '1' })).toEqual({ A: '1' })
    expect(withoutOwnExports({ ...record, DBT_PROFILES_DIR: '/theirs' })).toEqual({
      DBT_PROFILES_DIR: '/theirs',
    })
    // A record is no more than a variable, which any earlier step can set.
    const forged = { NODE_TLS_REJECT_UNAUTHORIZED: createHash('sha256').update('0').digest('hex') }
    expect(
      withoutOwnExports({ DBT_OIDC_EXPORTED: JSON.stringify(forged), NODE_TLS_REJECT_UNAUTHORIZED: '0' }),
    ).toEqual({ NODE_TLS_REJECT_UNAUTHORIZED: '0' })
    expect(withoutOwnExports({ DBT_OIDC_EXPORTED: 'nonsense', DBT_PROFILES_DIR: '/x' })).toEqual({
      DBT_PROFILES_DIR: '/x',
    })
  })
})
