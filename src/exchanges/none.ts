import * as z from 'zod/mini'
import { exchange } from '../exchange.ts'

/** No generated trust accepts this audience: a token that carries it opens nothing anywhere. */
export const OWN_AUDIENCE = 'dbt-oidc'

/** Nothing to trade: the token is asked for and judged by the policy, and goes nowhere. */
export default exchange({
  name: 'none',
  summary: 'no exchange: the policy alone decides',
  settings: z.strictObject({}),
  audience: (_settings, want) => want.audience ?? OWN_AUDIENCE,
  trade: async () => ({ kind: 'none', expiresAt: null }),
  identity: (_settings, _want, claims) => claims.sub,
  hosts: () => [],
  proof: 'nothing to verify',
  example: {},
})
