import { resolve } from 'node:path'
import { readConfig, type Config } from '../../config.ts'
import { POLICY_PATH } from '../../config/policy-place.ts'
import type { Sources } from '../../config/sources.ts'
import { fail } from '../../errors.ts'
import { exchanges } from '../../exchanges/index.ts'
import { warehouses } from '../../warehouses/index.ts'
import { edited, type Edit } from '../../trust/rotate/policy-edit.ts'

/** A policy file, and how it would be read with other words in it. */
export interface Policy {
  readonly path: string
  readonly text: string
  /** Another text in the place of the file, as the action would read it. */
  read(text: string): Promise<Config>
  /** The same file with these edits, in order, and what the action would make of it. */
  with(target: string, edits: readonly Edit[]): Promise<{ readonly text: string; readonly config: Config }>
}

/** The policy file of the configuration. Throws `configuration` where there is none: inputs have no place for two audiences. */
export async function policyOf(sources: Sources): Promise<Policy> {
  const path = resolve(sources.workspace, sources.inputs.get('config') ?? POLICY_PATH)
  const found = await sources.read(path)
  if (found.kind !== 'text')
    return fail({
      code: 'configuration',
      problem:
        'A rotation needs a policy file: the inputs of a step have no place for what is trusted meanwhile.',
      remedy: `Move the step's inputs into ${POLICY_PATH}, or name the file with --config.`,
    })
  const { text } = found
  const read = async (other: string): Promise<Config> =>
    readConfig(
      {
        ...sources,
        read: async (one) => (one === path ? { kind: 'text', text: other } : sources.read(one)),
      },
      { warehouses, exchanges },
    )
  return {
    path,
    text,
    read,
    async with(target, edits) {
      const changed = edits.reduce((before, edit) => edited(before, target, edit), text)
      return { text: changed, config: await read(changed) }
    },
  }
}
