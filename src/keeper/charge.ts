import * as z from 'zod/mini'
import { storedCredential, storedDate } from '../revocation.ts'

const charge = z.object({
  /** As the runner has given them to the step. */
  request: z.object({ url: z.string(), token: z.string() }),
  /** Secrets that the exchange finds in variables of the step. */
  variables: z.record(z.string(), z.string()),
  /** What the decision token says, as JSON. */
  decided: z.string(),
  issuer: z.string(),
  grant: z.optional(z.string()),
  policy: z.optional(z.object({ place: z.string(), commit: z.nullable(z.string()), sha256: z.string() })),
  target: z.object({
    name: z.string(),
    type: z.string(),
    connection: z.record(z.string(), z.unknown()),
    via: z.string(),
    settings: z.unknown(),
    audience: z.optional(z.string()),
  }),
  directory: z.object({ path: z.string(), marker: z.string() }),
  /** Seals the revocation. */
  key: z.string(),
  auditLog: z.string(),
  credential: storedCredential,
  boughtAt: storedDate,
})

/** All that the keeper knows; it comes by its standard input, since anybody's eye may fall on arguments and environment. */
export type Charge = z.infer<typeof charge>

/** The charge as one line of JSON. */
export function chargeText(given: Charge): string {
  return JSON.stringify(given)
}

/** The opposite of {@link chargeText}; throws where the step died before it had said everything. */
export function parseCharge(text: string): Charge {
  return charge.parse(JSON.parse(text))
}
