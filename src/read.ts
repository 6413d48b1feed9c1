import { readFile } from 'node:fs/promises'
import type { FileRead } from './config/sources.ts'

/** Reads a text file; what stands in the way is an answer and no error. */
export async function read(path: string): Promise<FileRead> {
  try {
    return { kind: 'text', text: await readFile(path, 'utf8') }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'missing' }
    if (code === 'EISDIR') return { kind: 'directory' }
    return { kind: 'unreadable', why: code }
  }
}
