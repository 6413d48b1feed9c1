import { describe, expect, test } from '@jest/globals'
import { trustedBy } from '../src/trust/request.ts'
import { explain } from '../src/access/purchase.ts'
import { claimsOf } from './support/claims-of.ts'
import { configOf } from './support/config-of.ts'

const SNOWFLAKE = 'type: snowflake\naccount: acme-prod\nrole: T\ndatabase: A\nschema: D\n'
const BIGQUERY = 'type: bigquery\nproject: acme-prod\ndataset: analytics\n'
const GOOGLE =
  'provider: projects/123456789012/locations/global/workloadIdentityPools/github/providers/dbt-prod\n'

/** How a step with this connection explains an error. */
async function told(connection: string, identity: string | undefined, error: string): Promise<string> {
  const claimed = 'repository_id: 456\nrepository_owner_id: 65\n'
  const inputs = {
    connection,
    environment: 'production',
    claims: claimed,
    ...(identity === undefined ? {} : { identity }),
  }
  const config = await configOf({ inputs })
  const [target] = config.targets.values()
  if (!target) throw new Error('there is no target')
  const claims = claimsOf({ iss: config.issuer, environment: 'production' })
  const said = await explain(error, target, claims, {
    trusted: (one) => trustedBy(config, one),
    io: { now: () => new Date('2026-09-21T13:34:13Z') },
  })
  return [said?.problem, ...(said?.details ?? []), said?.remedy].join('\n')
}

describe('a refusal', () => {
  test('of a token that fits says that the account may hold something else, and names the real user', async () => {
    const text = await told(SNOWFLAKE, undefined, '390303: not accepted')
    expect(text).toContain('The account may hold something else than the policy')
    expect(text).toMatch(/FOR USER GH_O_R_PROD`/)
    expect(text).toContain('CREATE USER')
    expect(await told(SNOWFLAKE, undefined, '390189')).toMatch(/GRANT ROLE T TO USER GH_O_R_PROD:/)
  })

  test('by the token service shows what is trusted there, and no rights in the warehouse', async () => {
    const text = await told(BIGQUERY, GOOGLE, 'The given credential is rejected by the attribute condition.')
    expect(text).toContain('--attribute-condition')
    expect(text).not.toMatch(/jobUser|CREATE SCHEMA/)
  })

  test('by a warehouse that never sees the token compares nothing with it', async () => {
    const text = await told(BIGQUERY, GOOGLE, 'User does not have bigquery.jobs.create permission')
    expect(text).toContain('jobUser')
    expect(text).not.toMatch(/--attribute-condition|✓ sub/)
  })
})
