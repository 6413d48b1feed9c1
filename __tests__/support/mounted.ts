import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A file system of its own, as small as a test wants it. */
export interface Mounted extends Disposable {
  readonly path: string
  /** Lets nobody write there any more. */
  readonly seal: () => void
}

function mount(...args: readonly string[]): boolean {
  return spawnSync('mount', args, { stdio: 'ignore' }).status === 0
}

/** Mounts one with room for so many KiB; only root can, and not in every container: then undefined. */
export function mounted(kib: number): Mounted | undefined {
  const path = mkdtempSync(join(tmpdir(), 'mounted-'))
  if (process.platform !== 'linux' || !mount('-t', 'tmpfs', '-o', `size=${kib}k,mode=700`, 'tmpfs', path)) {
    rmdirSync(path)
    return undefined
  }
  return {
    path,
    seal: () => {
      if (!mount('-o', 'remount,ro', path)) throw new Error('it could not be sealed')
    },
    [Symbol.dispose]() {
      // Lazily: a process that is about to end may still hold a file.
      spawnSync('umount', ['-l', path], { stdio: 'ignore' })
      rmdirSync(path)
    },
  }
}

/** Whether file systems can be mounted here. */
export function canMount(): boolean {
  using probe = mounted(4)
  return probe !== undefined
}
