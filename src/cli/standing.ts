import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createHttp } from '../http.ts'
import { rehearsalOf, rewrite } from '../rehearsal.ts'
import type { Standing } from '../trust/standing.ts'
import { printBeside } from './print.ts'

/** What a platform is asked with from this machine. The directory goes at the end. */
export async function standingOn(): Promise<Standing & AsyncDisposable> {
  const rehearsal = rehearsalOf(process.env['GITHUB_SERVER_URL'] ?? '')
  // In a rehearsal nothing but loopback is asked, and a vendor's library would look for its metadata server by itself.
  if (rehearsal)
    Object.assign(process.env, { AWS_EC2_METADATA_DISABLED: 'true', METADATA_SERVER_DETECTION: 'none' })
  const directory = await mkdtemp(join(tmpdir(), 'dbt-oidc-'))
  return {
    env: process.env,
    directory,
    io: {
      http: createHttp({ rehearsal, env: process.env }),
      at: (url) => rewrite(rehearsal, url),
      now: () => new Date(),
      // Nothing is printed that was received as a secret, and no log of a runner is near.
      mask: () => undefined,
      variable: () => undefined,
      say: printBeside,
    },
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  }
}
