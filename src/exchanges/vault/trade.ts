import type { Mint } from '../../claims.ts'
import type { Credential } from '../../credential.ts'
import type { Io, Want } from '../../exchange.ts'
import { patiently, retry } from '../../retry.ts'
import { logIn } from './login.ts'
import { read } from './secret.ts'
import type { Settings } from './settings.ts'

/** Logs in with a token of the run, and reads what the settings name. */
export function trade(s: Settings, want: Want, mint: Mint, io: Io): Promise<Credential> {
  const attempt = async (left: number): Promise<Credential> => {
    const { text: jwt } = await mint(want.audience ?? new URL(s.url).origin)
    const session = await logIn(s, jwt, io, left)
    return read(s, want, session, io, left)
  }
  return retry(attempt, patiently(io))
}
