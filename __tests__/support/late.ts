import { readFileSync } from 'node:fs'
import { auditOf } from './job.ts'
import { PROJECT } from './process.ts'
import type { StepResult } from './step.ts'

/** How often a model is slower than what it logged in with lives: with dbt's own start more than three lives. */
export const ROUNDS = 3

const marker = (round: number): string => `slow_${round}_marker`

/** What a server that delays queries is told: each slow model, once. */
export function slowBy(milliseconds: number): { readonly text: string; readonly by: number }[] {
  return Array.from({ length: ROUNDS }, (_, at) => ({ text: marker(at + 1), by: milliseconds }))
}

/** Slow models one after the other, and beside each but the first a late one, for which another thread has to connect. */
export function lateModels(slow: (round: number) => string, late: string): Record<string, string> {
  const rounds = Array.from({ length: ROUNDS }, (_, at) => at + 1)
  return Object.fromEntries(
    rounds.flatMap((round) => [
      [
        `models/slow_${round}.sql`,
        `${round > 1 ? `-- depends_on: {{ ref("slow_${round - 1}") }}\n` : ''}${slow(round)}`,
      ],
      [`models/late_${round}.sql`, `-- depends_on: {{ ref("slow_${round}") }}\n${late}`],
    ]),
  )
}

/** The project for a server that delays what holds the marks. */
export const LATE_PROJECT = {
  ...PROJECT,
  ...lateModels((round) => `select 1 as id -- ${marker(round)}`, 'select 1 as id'),
}

/** The records of a step's audit log. */
export function auditLogOf({ outputs }: StepResult): Record<string, unknown>[] {
  return auditOf(readFileSync(outputs.get('audit-log') ?? '', 'utf8'))
}
