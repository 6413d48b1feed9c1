import * as z from 'zod/mini'
import { createHttp } from '../../http.ts'
import { rehearsalOf } from '../../rehearsal.ts'
import type { Claims } from '../../claims.ts'
import { createTokens } from '../../token/tokens.ts'

const answer = z.object({ value: z.string().check(z.minLength(1)) })

/** Whether this process runs in a job that may ask for ID tokens. */
export function mayAskForToken(env: NodeJS.ProcessEnv): boolean {
  return Boolean(env['ACTIONS_ID_TOKEN_REQUEST_URL'] && env['ACTIONS_ID_TOKEN_REQUEST_TOKEN'])
}

/**
 * The claims of a real token of this job, which has passed the same gate as in the step. GitHub's toolkit would print
 * a mask to the output, which somebody may read as JSON; here the token is shown to nobody and kept by nobody.
 */
export async function realClaims(audience: string, issuer: string, env: NodeJS.ProcessEnv): Promise<Claims> {
  const rehearsal = rehearsalOf(env['GITHUB_SERVER_URL'] ?? '')
  const http = createHttp({ rehearsal, env })
  const tokens = createTokens({
    issuer,
    http,
    rehearsal,
    now: () => new Date(),
    mask: () => undefined,
    async ask(wanted) {
      const url = `${env['ACTIONS_ID_TOKEN_REQUEST_URL'] ?? ''}&audience=${encodeURIComponent(wanted)}`
      const authorization = `Bearer ${env['ACTIONS_ID_TOKEN_REQUEST_TOKEN'] ?? ''}`
      const { body } = await http({ url, headers: { authorization }, deadline: 10_000 })
      return answer.parse(JSON.parse(body)).value
    },
  })
  return (await tokens.decision(audience)).claims
}
