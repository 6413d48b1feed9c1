import type { Io } from '../exchange.ts'

/**
 * The command line on an administrator's machine, as a platform sees it that is asked how its trust stands. The login is
 * that person's own, wherever the vendor's library finds it; nothing of it is kept.
 */
export interface Standing {
  readonly io: Io
  readonly env: Readonly<Record<string, string | undefined>>
  /** A private directory for what a library wants to have at home; it goes afterwards. */
  readonly directory: string
}
