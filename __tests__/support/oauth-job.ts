import { openJob, type Job } from './job.ts'
import { playOAuth, type OAuthServer } from './oauth-server.ts'

/** A job of dbt-trino with an authorization server that trusts its branch. */
export async function openOAuthJob(): Promise<{ readonly job: Job; readonly server: OAuthServer }> {
  const job = await openJob({}, {}, { 'dbt-trino': '1.11.0' })
  const server = playOAuth(job.issuer)
  server.trust({
    issuer: job.issuer.issuer,
    keys: `${job.issuer.issuer}/.well-known/jwks`,
    audience: server.tokenUrl,
    subjects: ['repo:o/r:ref:refs/heads/main'],
  })
  return { job, server }
}
