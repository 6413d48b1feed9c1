import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

/** The test vectors of the project Wycheproof: what `go.sum` names, downloaded once into Go's own cache. Returns their folder. */
export function ensureWycheproof(): string {
  const { status, stdout, stderr } = spawnSync(
    'go',
    ['mod', 'download', '-json', 'github.com/c2sp/wycheproof'],
    {
      cwd: join(import.meta.dirname, '..', 'toolchain', 'wycheproof'),
      encoding: 'utf8',
      env: { ...process.env, GOFLAGS: '-mod=readonly' },
    },
  )
  if (status !== 0)
    throw new Error(`Wycheproof's vectors come as a Go module, and go did not bring it: ${stderr || stdout}`)
  const { Dir } = JSON.parse(stdout) as { Dir: string }
  return join(Dir, 'testvectors_v1')
}
