import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod/mini'
import type { Coverage } from './coverage.ts'
import type { Group } from './groups.ts'
import { digestOf } from './sources.ts'
import type { Mutant } from './stryker.ts'

const Survivor = z.object({
  file: z.string(),
  line: z.number(),
  mutator: z.string(),
  was: z.string(),
  now: z.string(),
  /** Why it is let live; empty: nobody has looked at it. Written by hand, and kept from run to run. */
  why: z.string(),
})

const Figures = z.object({
  group: z.string(),
  mutation: z.optional(
    z.object({
      /** Of the sources that were broken; see digestOf. */
      sources: z.string(),
      killed: z.number(),
      timeout: z.number(),
      survived: z.number(),
      noCoverage: z.number(),
      /** Mutants that could not be run, which count neither way. */
      errors: z.number(),
      score: z.number(),
      survivors: z.array(Survivor),
    }),
  ),
  coverage: z.optional(z.object({ sources: z.string(), lines: z.number(), branches: z.number() })),
})

export type Survivor = z.infer<typeof Survivor>
/** The last figures of a group, as committed. */
export type Figures = z.infer<typeof Figures>
export type Score = NonNullable<Figures['mutation']>

function fileOf({ name }: Group): string {
  return join(import.meta.dirname, 'records', `${name.replaceAll(' ', '-')}.json`)
}

/** The last figures of a group; without any where it was never measured. */
export function recordOf(group: Group): Figures {
  const file = fileOf(group)
  return existsSync(file) ? Figures.parse(JSON.parse(readFileSync(file, 'utf8'))) : { group: group.name }
}

/** Whether the last figures of a group are about the sources that lie here. */
export function isCurrent(group: Group): boolean {
  const { mutation, coverage } = recordOf(group)
  const digest = digestOf(group)
  return mutation?.sources === digest && coverage?.sources === digest
}

/** Puts the new figures beside the others of the group. */
export function keep(group: Group, figures: Omit<Figures, 'group'>): void {
  const record: Figures = { ...recordOf(group), ...figures }
  writeFileSync(fileOf(group), `${JSON.stringify(record, null, 2)}\n`)
}

export function coverageFigures(group: Group, { lines, branches }: Coverage): Figures['coverage'] {
  return { sources: digestOf(group), lines, branches }
}

/** The score of a group, with whatever was said before of the mutants that still live. */
export function scoreOf(group: Group, mutants: readonly Mutant[]): Score {
  const count = (status: Mutant['status']): number =>
    mutants.filter((mutant) => mutant.status === status).length
  const [killed, timeout, survived, noCoverage] = [
    count('Killed'),
    count('Timeout'),
    count('Survived'),
    count('NoCoverage'),
  ]
  const all = killed + timeout + survived + noCoverage
  const known = recordOf(group).mutation?.survivors ?? []
  return {
    sources: digestOf(group),
    killed,
    timeout,
    survived,
    noCoverage,
    errors: mutants.length - all,
    score: all === 0 ? 0 : Math.floor((10_000 * (killed + timeout)) / all) / 100,
    survivors: mutants
      .filter(({ status }) => status === 'Survived' || status === 'NoCoverage')
      .map(({ file, line, mutator, was, now }) => {
        const survivor = { file, line, mutator, was, now }
        return { ...survivor, why: known.find((one) => isSame(one, survivor))?.why ?? '' }
      }),
  }
}

/** The same change of the same text of the same file; lines move. */
function isSame(one: Survivor, other: Omit<Survivor, 'why'>): boolean {
  return (
    one.file === other.file && one.mutator === other.mutator && one.was === other.was && one.now === other.now
  )
}
