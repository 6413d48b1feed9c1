import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod/mini'
import type { Row } from './row.ts'

/** The figures of the last long runs, as committed: the page of the bar is made of them. */
export const RECORD = join(import.meta.dirname, '..', '..', 'docs', 'bar.json')

const Part = z.object({
  what: z.string(),
  measured: z.string(),
  required: z.optional(z.string()),
  met: z.boolean(),
})

const Measured = z.object({
  name: z.string(),
  required: z.string(),
  parts: z.array(Part),
  /** The day, and the commit that was measured. */
  when: z.string(),
  commit: z.string(),
  form: z.enum(['long', 'short']),
  /** Major version, on which the tests ran. */
  node: z.number(),
  cores: z.number(),
})

/** A line of the bar, with when and on what it was measured. */
export type Measured = Row & Omit<z.infer<typeof Measured>, keyof Row>

export function readRecord(file: string = RECORD): readonly Measured[] {
  return existsSync(file)
    ? z
        .array(Measured)
        .parse(JSON.parse(readFileSync(file, 'utf8')))
        .map(exact)
    : []
}

/** Puts the lines that were measured in the place of those of their names; `order` names all that there are. */
export function keepRows(file: string, rows: readonly Measured[], order: readonly string[]): void {
  const all = [...rows, ...readRecord(file).filter(({ name }) => !rows.some((row) => row.name === name))]
  const known = all
    .filter(({ name }) => order.includes(name))
    .toSorted((a, b) => order.indexOf(a.name) - order.indexOf(b.name))
  writeFileSync(file, `${JSON.stringify(known, null, 2)}\n`)
}

function exact({ parts, ...row }: z.infer<typeof Measured>): Measured {
  return {
    ...row,
    parts: parts.map(({ required, ...part }) => ({
      ...part,
      ...(required === undefined ? {} : { required }),
    })),
  }
}
