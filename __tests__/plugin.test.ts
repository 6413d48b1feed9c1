import { describe, expect, test } from '@jest/globals'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { pluginFiles, pluginForOne } from '../src/keepalive/plugin-files.ts'
import type { KeepAlive } from '../src/warehouse.ts'
import { runChild } from './support/child.ts'
import { findPython } from './support/dbt-stub-env.ts'

// Our module in any Python, with a class such as adapters have; plugin.spec.ts has it with theirs.

const ADAPTER = `import dataclasses
@dataclasses.dataclass
class Credentials:
    token: str
`
const KEEP_ALIVE: KeepAlive = { by: 'plugin-field', credentials: 'adapter.Credentials', field: 'token' }
const PAST = new Date('2020-01-02T03:04:05.600Z')
const FUTURE = new Date('2100-01-01T00:00:00Z')

/** A use of the action: what it bought, and until when that lives. */
interface Use {
  readonly secret: string
  readonly expiresAt: Date | null
  /** What stands in its profile, where later steps read it. */
  readonly only?: string
  readonly without?: readonly string[]
}

/** What Python says that reads the fields of two connections of each profile. */
async function read(uses: readonly Use[], profiles: readonly string[]) {
  const directory = mkdtempSync(join(tmpdir(), 'plugin-'))
  try {
    writeFileSync(join(directory, 'adapter.py'), ADAPTER)
    const places = uses.map(({ secret, expiresAt, only, without = [] }, at) => {
      const place = join(directory, `dbt-oidc-${at}`)
      mkdirSync(place)
      const files = {
        ...pluginFiles(KEEP_ALIVE, { TOKEN: secret }, expiresAt),
        ...(only !== undefined && pluginForOne(KEEP_ALIVE, { TOKEN: only })),
      }
      for (const [name, content] of Object.entries(files))
        if (!without.includes(name)) writeFileSync(join(place, name), content)
      return place
    })
    const script = `import json, dbt_oidc_keepalive, adapter
print(json.dumps([adapter.Credentials(token=t).token for t in ${JSON.stringify(profiles)} for _ in "12"]))`
    const { executable } = await findPython()
    const { stdout, stderr } = await runChild([executable, '-c', script], {
      cwd: directory,
      env: { PYTHONPATH: [...places, directory].join(delimiter), PYTHONDONTWRITEBYTECODE: '1' },
    })
    return { given: JSON.parse(stdout) as unknown, told: stderr }
  } finally {
    rmSync(directory, { recursive: true })
  }
}

describe('a secret that was to be renewed', () => {
  test('and was is given without a word', async () => {
    const run = await read([{ secret: 'fresh', expiresAt: FUTURE }], ['first'])
    expect(run).toEqual({ given: ['fresh', 'fresh'], told: '' })
  })

  test('and was not is given all the same, and told once with the time of its end', async () => {
    const run = await read([{ secret: 'old', expiresAt: PAST }], ['first'])
    expect(run.given).toEqual(['old', 'old'])
    expect(run.told).toBe(
      'dbt-oidc: the credential ended at 2020-01-02T03:04:05Z and nobody has renewed it: the process that does so has ended, or got no other\n',
    )
  })

  test.each([
    ['of which nobody tells the end', { secret: 'fresh', expiresAt: null }],
    [
      'of an earlier version of the action',
      { secret: 'fresh', expiresAt: PAST, without: ['keepalive-ends'] },
    ],
  ])('%s is given without a word', async (_which, use) => {
    expect(await read([use], ['first'])).toEqual({ given: ['fresh', 'fresh'], told: '' })
  })

  test('of another use of the action says nothing to a profile that is not its own', async () => {
    const uses = [
      { secret: 'old', expiresAt: PAST, only: 'one' },
      { secret: 'fresh', expiresAt: FUTURE, only: 'two' },
    ]
    expect(await read(uses, ['two', 'three'])).toEqual({
      given: ['fresh', 'fresh', 'three', 'three'],
      told: '',
    })
    const { told } = await read(uses, ['one', 'two'])
    expect(told.split('\n')).toHaveLength(2)
  })
})
