import { closeSync, writeSync } from 'node:fs'

/** The file descriptor by which the keeper answers the step, and what it says: nothing else ever passes there. */
export const ANSWER = 3
export const READY = 'ready'

/** Tells the step that it may end. Throws where it is gone: who is not waited for must not stay. */
export function answer(): void {
  writeSync(ANSWER, READY)
  closeSync(ANSWER)
}
