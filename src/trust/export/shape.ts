import * as z from 'zod/mini'
import { fail } from '../../errors.ts'
import { visible } from '../../policy/visible.ts'

/** One text, or several. */
export const oneOrMore = z.union([z.string(), z.array(z.string())])

/** A value that was recognised as the output of `command`, checked. Throws `configuration` with the place and the fault. */
export function shaped<T>(schema: z.ZodMiniType<T>, value: unknown, command: string): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const [issue] = result.error.issues
  const path = (issue?.path ?? []).map((step) => visible(String(step)).slice(0, 100)).join('.')
  return fail({
    code: 'configuration',
    problem: `This looks like the output of \`${command}\`, but ${path === '' ? 'it' : `\`${path}\``} ${faultOf(issue)}.`,
    remedy: `Give the output of \`${command}\` as it was printed.`,
  })
}

function faultOf(issue: z.core.$ZodIssue | undefined): string {
  if (issue?.code === 'invalid_type') return `is no ${issue.expected}`
  if (issue?.code === 'invalid_value') return `is none of ${issue.values.map(String).join(', ')}`
  return issue?.code === 'custom' && issue.message ? issue.message : 'is not what stands there'
}

/** Whether a value is an object with all of these keys, of its own. */
export function hasKeys(
  value: unknown,
  ...keys: readonly string[]
): value is Readonly<Record<string, unknown>> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    keys.every((key) => Object.hasOwn(value, key))
  )
}

/** A date as the platforms print them: ISO, or Snowflake's `2026-11-01 12:00:00.000 -0700`. Undefined for none. */
export function dateOf(value: unknown): Date | undefined {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? undefined : value
  if (typeof value !== 'string') return undefined
  const iso = value
    .trim()
    .replace(/^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?) ?(Z|[+-]\d\d:?\d\d)?$/, (_all, day, time, zone) =>
      [day, 'T', time, zone ?? 'Z'].join(''),
    )
    .replace(/([+-]\d\d)(\d\d)$/, '$1:$2')
  if (!/^\d{4}-\d\d-\d\d/.test(iso)) return undefined
  const date = new Date(iso)
  return Number.isNaN(date.getTime()) ? undefined : date
}

/** The first and the last of some dates, as a statement says them. */
export function span(dates: readonly { readonly madeAt?: Date; readonly usedAt?: Date }[]): {
  readonly madeAt?: Date
  readonly usedAt?: Date
} {
  const made = sorted(dates.map(({ madeAt }) => madeAt)).at(0)
  const used = sorted(dates.map(({ usedAt }) => usedAt)).at(-1)
  return { ...(made && { madeAt: made }), ...(used && { usedAt: used }) }
}

function sorted(dates: readonly (Date | undefined)[]): readonly Date[] {
  return dates.filter((date) => date !== undefined).toSorted((a, b) => a.getTime() - b.getTime())
}
