import { constants, type Stats } from 'node:fs'
import { open, realpath, type FileHandle } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { FileRead } from './config/sources.ts'
import { DbtOidcError, fail } from './errors.ts'
import { causeOf } from './file-causes.ts'
import { isInside } from './inside.ts'
import { codeOf } from './retry.ts'

const { O_APPEND, O_CREAT, O_RDONLY, O_WRONLY } = constants
// A pipe would otherwise hold us for ever; Windows has neither.
const NOFOLLOW = constants.O_NOFOLLOW ?? 0
const NONBLOCK = constants.O_NONBLOCK ?? 0

const KIB = 1024
const MIB = 1024 * KIB

/** Nobody writes a longer configuration, and a longer one would cost more than it could say. */
const LIMIT = MIB

/** What is wrong with reading a file that is there. */
type Objection = (stats: Stats) => string | undefined | Promise<string | undefined>

/**
 * Reads a text that others may have put there: a regular file of a bounded size to which `objection` has nothing to say,
 * or it is said why not.
 */
export async function readRegular(
  path: string,
  limit = LIMIT,
  objection: Objection = () => undefined,
): Promise<FileRead> {
  let file: FileHandle | undefined
  try {
    file = await open(path, O_RDONLY | NONBLOCK)
    return await contentOf(file, limit, objection)
  } catch (error) {
    const code = codeOf(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'missing' }
    if (code === 'EISDIR') return { kind: 'directory' }
    return { kind: 'unreadable', why: whyNot(error) }
  } finally {
    await file?.close()
  }
}

async function contentOf(file: FileHandle, limit: number, objection: Objection): Promise<FileRead> {
  const stats = await file.stat()
  if (stats.isDirectory()) return { kind: 'directory' }
  const objected = stats.isFile() ? await objection(stats) : IRREGULAR
  if (objected !== undefined) return { kind: 'unreadable', why: objected }
  const bytes = stats.size > limit ? undefined : await upTo(limit, file)
  if (!bytes) return { kind: 'unreadable', why: `it is larger than ${sizeOf(limit)}` }
  return { kind: 'text', text: bytes.toString('utf8') }
}

/** The size that a file says is not to be relied on: what the kernel makes up says 0. */
async function upTo(limit: number, file: FileHandle): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  for (let length = 0; length <= limit;) {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(64 * KIB))
    if (bytesRead === 0) return Buffer.concat(chunks)
    chunks.push(buffer.subarray(0, bytesRead))
    length += bytesRead
  }
  return undefined
}

/**
 * Appends one line to a regular file, never through a link that somebody may have put there: neither in the place of
 * the file nor, below the workspace, on the way to it. Throws `file`.
 */
export async function appendLine(path: string, line: string, workspace: string): Promise<void> {
  const refuse = (why: string): never =>
    fail({
      code: 'file',
      problem: `${path} cannot be written: ${why}.`,
      remedy: 'Look for what is there, or name another file.',
    })
  let file: FileHandle | undefined
  try {
    const root = await realpath(workspace).catch(() => workspace)
    const place = join(await realpath(dirname(path)), basename(path))
    const named = isInside(path, workspace) || isInside(path, root)
    if (named && !isInside(place, root)) refuse('a link leads out of the workspace')
    file = await open(place, O_APPEND | O_CREAT | O_WRONLY | NOFOLLOW | NONBLOCK, 0o600)
    if (!(await file.stat()).isFile()) refuse(IRREGULAR)
    await file.writeFile(`${line}\n`)
  } catch (error) {
    if (error instanceof DbtOidcError) throw error
    refuse(whyNot(error))
  } finally {
    await file?.close()
  }
}

const IRREGULAR = 'it is no regular file'

/** What a pipe without a reader answers is said of what it is, not of why. */
function whyNot(error: unknown): string {
  return codeOf(error) === 'ENXIO' ? IRREGULAR : causeOf(error)
}

function sizeOf(bytes: number): string {
  return bytes >= MIB ? `${Math.round(bytes / MIB)} MiB` : `${Math.round(bytes / KIB)} KiB`
}
