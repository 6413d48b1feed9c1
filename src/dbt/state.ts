import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod/mini'
import { fail } from '../errors.ts'
import { namedFrom } from '../inside.ts'
import { readRegular } from '../regular.ts'
import { LIMIT } from './artifacts.ts'

const MANIFEST = 'manifest.json'

const manifest = z.object({
  metadata: z.object({ dbt_schema_version: z.string().check(z.regex(/\/manifest\/v\d+\.json$/)) }),
})

/**
 * Throws `project` where `state` holds no artifacts of an earlier run: before anything is bought, and with what is there
 * instead. dbt itself would say so only once it runs, with a credential in its hands.
 */
export async function requireState(state: string, targetPath: string, workspace: string): Promise<void> {
  const shown = namedFrom(workspace, state) || '.'
  if (state === targetPath)
    refuse(
      `\`state\` names \`${shown}\`, where this run itself writes.`,
      'Put the artifacts of the earlier run into a directory of their own.',
    )
  const names = await readdir(state).catch(() => undefined)
  if (names === undefined) return refuse(`There is no directory \`${shown}\`, which \`state\` names.`)
  if (names.length === 0) return refuse(`The directory \`${shown}\`, which \`state\` names, is empty.`)
  const file = join(shown, MANIFEST)
  const found = await readRegular(join(state, MANIFEST), LIMIT)
  switch (found.kind) {
    case 'text':
      return isManifest(found.text) ? undefined : refuse(`\`${file}\` is no manifest of dbt.`)
    case 'unreadable':
      return refuse(`\`${file}\` cannot be read: ${found.why}.`)
    case 'directory':
      return refuse(`\`${file}\` is a directory.`)
    case 'missing':
      return missing(state, shown, names)
  }
}

/** `actions/download-artifact` may put each artifact into a directory of its name. */
async function missing(state: string, shown: string, names: readonly string[]): Promise<never> {
  const problem = `The directory \`${shown}\`, which \`state\` names, has no \`${MANIFEST}\`, only ${listed(names)}.`
  for (const name of names)
    if ((await readRegular(join(state, name, MANIFEST), 0)).kind !== 'missing')
      return refuse(problem, `Name \`${join(shown, name)}\`, which has one.`)
  return refuse(problem)
}

function isManifest(text: string): boolean {
  try {
    return manifest.safeParse(JSON.parse(text)).success
  } catch {
    return false
  }
}

function listed(names: readonly string[]): string {
  const shown = names.toSorted((a, b) => (a < b ? -1 : 1)).slice(0, 5)
  const rest = names.length - shown.length
  return `${shown.map((name) => `\`${name}\``).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`
}

function refuse(
  problem: string,
  remedy = 'A step before this one has to fetch the artifacts of an earlier run. Before the first run there are none: then leave out `state`, and `state:` in `run` (docs/state.md shows both).',
): never {
  return fail({ code: 'project', problem, remedy })
}
