import * as z from 'zod/mini'
import { fail } from '../../errors.ts'
import { matches } from '../../pattern.ts'
import { visible } from '../../policy/visible.ts'
import type { Ask } from '../github.ts'
import { listed } from './listed.ts'

const repositories = z.array(z.object({ full_name: z.string() }))

/** Throws `usage` for what is neither a repository nor a pattern of those of one owner. */
export function checkPattern(pattern: string): void {
  if (/^[\w.-]+\/[\w.*-]+$/.test(pattern)) return
  fail({
    code: 'usage',
    problem: `${visible(pattern)} is no repository, and no pattern of some.`,
    remedy: 'Write OWNER/NAME; only the name may have stars.',
  })
}

/** A name without a star is taken as it is; for a pattern the repositories of its owner are listed. */
export async function namesOf(pattern: string, ask: Ask): Promise<readonly string[]> {
  const [owner = '', name = ''] = pattern.split('/')
  if (!name.includes('*')) return [pattern]
  const all = await listed((page) => ask('GET /orgs/{owner}/repos', { owner, ...page }), repositories).catch(
    (error: unknown) => {
      if (!isMissing(error)) throw error
      return listed((page) => ask('GET /users/{owner}/repos', { owner, ...page }), repositories)
    },
  )
  // GitHub's names are the same in capitals.
  const fitting = all
    .map((one) => one.full_name)
    .filter((one) => matches(pattern.toLowerCase(), one.toLowerCase()))
  if (fitting.length === 0) throw new Error(`none of the ${all.length} repositories of ${owner} fits`)
  return fitting.toSorted()
}

function isMissing(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'status' in error && error.status === 404
}
