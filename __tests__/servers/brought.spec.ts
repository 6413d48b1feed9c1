import { describe, expect, test } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cached } from '../../scripts/servers/cache.ts'
import { javaHome } from '../../scripts/servers/java.ts'
import { download } from '../../scripts/servers/maven.ts'

describe('what the servers need', () => {
  test('Java is as recent as the servers want it', async () => {
    const { stderr } = spawnSync(join(await javaHome(), 'bin', 'java'), ['-version'], { encoding: 'utf8' })
    expect(Number(/version "(\d+)/.exec(stderr)?.[1])).toBeGreaterThanOrEqual(24)
  })

  test('a directory of the cache is whole or not there', async () => {
    await withCache(async (root) => {
      const broken = cached('thing', async (directory) => {
        writeFileSync(join(directory, 'half'), '')
        throw new Error('cut off')
      })
      await expect(broken).rejects.toThrow('cut off')
      expect(readdirSync(join(root, 'dbt-oidc'))).toEqual([])
      const made = await cached('thing', async (directory) => writeFileSync(join(directory, 'whole'), ''))
      expect(made).toBe(join(root, 'dbt-oidc', 'thing'))
      expect(await cached('thing', () => Promise.reject(new Error('made again')))).toBe(made)
      expect(existsSync(join(made, 'whole'))).toBe(true)
    })
  })

  test('where Maven is missing, what it was to bring is named', async () => {
    const { PATH } = process.env
    process.env.PATH = '/nowhere'
    try {
      const wanted = { group: 'org.example', artifact: 'thing', version: '1.0', extension: 'zip' }
      await expect(download(wanted, tmpdir(), { size: '1 MB' })).rejects.toThrow(
        'org.example:thing:1.0:zip comes from Maven Central, and there is no working `mvn` on PATH',
      )
    } finally {
      process.env.PATH = PATH
    }
  })
})

async function withCache(body: (root: string) => Promise<void>): Promise<void> {
  const { XDG_CACHE_HOME } = process.env
  const root = mkdtempSync(join(tmpdir(), 'cache-'))
  process.env.XDG_CACHE_HOME = root
  try {
    await body(root)
  } finally {
    if (XDG_CACHE_HOME === undefined) delete process.env.XDG_CACHE_HOME
    else process.env.XDG_CACHE_HOME = XDG_CACHE_HOME
    rmSync(root, { recursive: true, force: true })
  }
}
