import { parseDocument } from 'yaml'
import * as z from 'zod/mini'
import { fail } from '../errors.ts'
import { visible } from '../policy/visible.ts'

/** The fields of an output as YAML has them; texts may hold dbt's Jinja. */
export type Fields = Readonly<Record<string, unknown>>

/** A profile of an existing profiles.yml. */
export interface Profile {
  readonly name: string
  /** As it is written. */
  readonly target: string
  readonly outputs: ReadonlyMap<string, Fields>
}

const profile = z.object({
  target: z.optional(z.string()),
  outputs: z.record(z.string(), z.record(z.string(), z.unknown())),
})

/** Reads the profiles of a profiles.yml. Throws `configuration` where there are none. */
export function readOutputs(path: string, text: string): readonly Profile[] {
  const document = parseDocument(text, { version: '1.1', merge: true, logLevel: 'error' })
  const found = z
    .record(z.string(), z.unknown())
    .safeParse(document.errors.length > 0 ? undefined : document.toJS())
  const profiles = Object.entries(found.data ?? {}).flatMap(([name, value]) => {
    const { success, data } = profile.safeParse(value)
    if (!success) return []
    return [{ name, target: data.target ?? 'default', outputs: new Map(Object.entries(data.outputs)) }]
  })
  if (profiles.length > 0) return profiles
  return fail({
    code: 'configuration',
    problem: `${visible(path)} holds no profile with outputs${document.errors[0] ? `: ${document.errors[0].message.split('\n')[0]}` : ''}.`,
    remedy: 'Name the profiles.yml that the workflow uses with --profiles.',
  })
}
