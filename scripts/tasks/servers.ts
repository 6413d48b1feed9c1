// Tests against real servers of others (Keycloak, Trino ...): downloads them once, which needs Maven and about 1 GB.
import { join } from 'node:path'
import { runJest } from '../jest.ts'
import { ensureHcl } from '../hcl.ts'
import { ensurePython } from '../python.ts'
import { task } from '../task.ts'

await task(async () => {
  for (const name of [
    'servers',
    'databricks',
    'dbt',
    'duckdb',
    'dbt2',
    'aws',
    'microsoft',
    'others',
    'synapse',
    'further',
    'dremio',
    'trust',
    'vault',
  ] as const)
    await ensurePython(name)
  await ensureHcl()
  // These are named otherwise than the tests, since most changes need no server of anybody else.
  const specs = ['--testMatch', join(import.meta.dirname, '..', '..', '__tests__', 'servers', '*.spec.ts')]
  // One server at a time: each takes half a gigabyte of memory, and both cores while it starts.
  const { passed, failed, exitCode } = await runJest([...specs, '--runInBand', ...process.argv.slice(2)])
  console.log(`servers: ${passed} passed, ${failed} failed`)
  return exitCode
})
