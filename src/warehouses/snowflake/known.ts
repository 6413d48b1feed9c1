import type { Diagnosis } from '../../exchange.ts'

/** A text of Snowflake or its driver with what it means. */
export interface Known extends Diagnosis {
  readonly text: RegExp
}

/** Stand for the names of the trust document in a remedy. */
export const [USER, ROLE] = ['<user>', '<role>'] as const
