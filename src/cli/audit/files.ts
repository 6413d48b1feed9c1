import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { readAudit, type AuditLog } from '../../audit/read.ts'
import { fail } from '../../errors.ts'
import { visible } from '../../policy/visible.ts'
import { readRegular } from '../../regular.ts'

/** A quarter of a busy repository. */
const LARGEST = 256 * 1024 * 1024

/** Reads audit logs: files, every `.jsonl` below a directory, and `-` for standard input. */
export async function readLogs(names: readonly string[]): Promise<readonly AuditLog[]> {
  const logs: AuditLog[] = []
  for (const name of names) {
    if (name === '-') logs.push(readAudit(await text(process.stdin), 'standard input'))
    else for (const file of await filesOf(name)) logs.push(readAudit(await logText(file), file))
  }
  return logs
}

/** The text of one log. Throws `configuration` where there is none. */
export async function logText(name: string): Promise<string> {
  const found = await readRegular(name, LARGEST)
  if (found.kind === 'text') return found.text
  return fail({
    code: 'configuration',
    problem: `${visible(name)} cannot be read${found.kind === 'unreadable' ? `: ${found.why}` : ''}.`,
    remedy: 'Name a file that is there.',
  })
}

async function filesOf(name: string): Promise<readonly string[]> {
  const below = await readdir(name, { recursive: true }).catch((): undefined => undefined)
  if (!below) return [name]
  return below
    .filter((file) => file.endsWith('.jsonl'))
    .toSorted()
    .map((file) => join(name, file))
}
