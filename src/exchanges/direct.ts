import * as z from 'zod/mini'
import { exchange, type Want } from '../exchange.ts'
import { fail } from '../errors.ts'

/** The warehouse takes GitHub's token itself (Snowflake workload identity, Trino JWT, Databricks federation). */
export default exchange({
  name: 'direct',
  summary: "the warehouse takes GitHub's token itself",
  settings: z.strictObject({}),
  audience: (_settings, want) => audienceOf(want),
  async trade(_settings, want, mint) {
    const token = await mint(audienceOf(want))
    return { kind: 'id-token', token: token.text, expiresAt: new Date(token.claims.exp * 1000) }
  },
  identity: (_settings, _want, claims) => claims.sub,
  hosts: () => [],
  proof: 'our verifier',
  example: {},
})

function audienceOf(want: Want): string {
  return (
    want.audience ??
    fail({
      code: 'configuration',
      problem: 'The warehouse names no audience for the ID token.',
      remedy: 'Set `audience:` to the value that the other side expects.',
    })
  )
}
