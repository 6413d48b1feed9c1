import { expect, test } from '@jest/globals'
import { sendJson } from './support/issuer-server.ts'
import { openOAuthJob } from './support/oauth-job.ts'
import { logOf, remainsOf } from './support/process.ts'

const JOBS = 50
const A_SECOND = 10

test(`${JOBS} jobs at once all pass an exchange that takes ${A_SECOND} requests a second and says so`, async () => {
  const { job: opened, server } = await openOAuthJob()
  await using job = opened
  const limit = limitOf(A_SECOND)
  let refused = 0
  job.issuer.route('/limited', (_req, res) => {
    if (limit()) return sendJson(res, { access_token: 'oauth-access', token_type: 'Bearer', expires_in: 600 })
    refused += 1
    return res.writeHead(429, { 'retry-after': '1' }).end()
  })
  const url = server.tokenUrl.replace('/as/token', '/limited')
  const steps = await Promise.all(
    Array.from({ length: JOBS }, () =>
      job.step({
        inputs: {
          until: 'exchange',
          ref: 'refs/heads/main',
          connection: '{ type: trino, host: localhost, database: lake, schema: dbt }',
          identity: `{ via: oauth, token-url: "${url}", grant: client-credentials, client-id: dbt }`,
        },
      }),
    ),
  )
  try {
    expect(steps.filter(({ exitCode }) => exitCode !== 0).map(logOf)).toEqual([])
    expect(steps.flatMap((step) => remainsOf(step))).toEqual([])
    expect(refused).toBeGreaterThan(0)
  } finally {
    await Promise.all(steps.map((step) => step.dispose()))
  }
}, 180_000)

/** Whether one more is within the limit of any second that ends now. */
function limitOf(many: number): () => boolean {
  const taken: number[] = []
  return () => {
    const now = performance.now()
    while ((taken[0] ?? now) <= now - 1000) taken.shift()
    if (taken.length >= many) return false
    taken.push(now)
    return true
  }
}
