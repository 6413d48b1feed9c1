import type { Stats } from 'node:fs'
import { lstat, realpath, stat } from 'node:fs/promises'
import { dirname, relative, resolve, sep } from 'node:path'
import { fail } from '../../errors.ts'
import { isInside } from '../../inside.ts'
import { readRegular } from '../../regular.ts'

/** In bytes: twice the longest token that is read. */
const LONGEST = 64 * 1024

const OPEN_TO_ALL = 'every user of this machine can read it'
const OTHERS_WRITE = 'other users of this machine can write to it'
const STRANGERS = 'it belongs to another user of this machine'
const LEADS_OUT = 'it is a link out of its directory'

/** The token in a file, as named by whoever runs the job. Throws `id-token-response` for one that is no place for a token. */
export async function tokenInFile(named: string): Promise<string> {
  const path = resolve(named)
  const found = await readRegular(path, LONGEST, (stats) => objectionTo(path, stats))
  if (found.kind === 'text') {
    const text = found.text.trim()
    return text === '' ? refuse(`The token file ${named} is empty.`, EMPTY) : text
  }
  const why =
    found.kind === 'unreadable'
      ? found.why
      : found.kind === 'directory'
        ? 'it is a directory'
        : await absence(path)
  return refuse(
    `The token file ${named} cannot be read: ${why}.`,
    REMEDIES.get(why) ?? 'Name the file that the job finds its token in.',
  )
}

const EMPTY = 'Look for what was to write the token there: it has failed, or runs later than this.'

const REMEDIES: ReadonlyMap<string, string> = new Map([
  [OPEN_TO_ALL, 'Whoever has the token is this job: write it under `umask 077`, or `chmod 600` the file.'],
  [OTHERS_WRITE, 'Whoever writes there chooses who this job is: `chmod 600` the file.'],
  [STRANGERS, 'Whoever puts it there chooses who this job is: name a file of the user that the job runs as.'],
  [
    LEADS_OUT,
    'Name the file itself; only links within its own directory are followed, as Kubernetes makes them.',
  ],
])

async function absence(path: string): Promise<string> {
  const link = await lstat(path).catch(() => undefined)
  return link ? 'it is a link to nothing' : 'there is none'
}

/** Windows tells nothing by these bits. */
const TOLD_BY_MODE = process.platform !== 'win32'

async function objectionTo(path: string, { mode, uid }: Stats): Promise<string | undefined> {
  const directory = await realpath(dirname(path))
  const real = await realpath(path)
  if (!isInside(real, directory)) return LEADS_OUT
  if (!TOLD_BY_MODE) return undefined
  const around = await stat(directory)
  // Nobody can give a file away: one that another user has put in its place, in /tmp or wherever all may write, is that
  // user's. Where the whole directory is another's, who named it has meant that user (an agent outside of its container).
  if (![process.getuid?.(), ROOT, around.uid].includes(uid)) return STRANGERS
  if (isProjected(relative(directory, real))) return undefined
  // Nobody comes to a file whose directory is shut.
  const shut = ((around.mode & 0o001) === 0 ? 0o007 : 0) | ((around.mode & 0o010) === 0 ? 0o070 : 0)
  const open = mode & ~shut
  if ((open & 0o022) !== 0) return OTHERS_WRITE
  return (open & 0o004) === 0 ? undefined : OPEN_TO_ALL
}

const ROOT = 0

/** Below a directory such as `..2026_11_30_14_00_00.1`, to which kubelet's `..data` leads: there is nobody else in the pod. */
function isProjected(way: string): boolean {
  return way.startsWith('..') && way.includes(sep)
}

function refuse(problem: string, remedy: string): never {
  return fail({ code: 'id-token-response', problem, remedy })
}
