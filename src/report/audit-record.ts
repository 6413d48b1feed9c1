import * as z from 'zod/mini'
import { RECORDED_CLAIMS } from './audit.ts'

const text = z.string().check(z.minLength(1))
const maybe = z.nullable(z.string())
const moment = z.string().check(
  z.regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
  z.refine((text) => !Number.isNaN(Date.parse(text))),
)
const code = z.nullable(z.string().check(z.regex(/^[a-z][a-z-]*$/)))

/** The description goes into the published schema. */
function told<T extends z.ZodMiniType>(schema: T, description: string): T {
  return schema.check(z.describe(description))
}

const claims = told(
  z.catchall(
    z.object({
      iss: text,
      sub: z.string(),
      aud: z.string(),
      jti: z.string(),
      ...Object.fromEntries(RECORDED_CLAIMS.map((name) => [name, z.optional(maybe)])),
    }),
    maybe,
  ),
  'What the token says of the job: always its issuer, subject, audience and id; of a token of GitHub those that are named here, of another issuer those that the policy lists.',
)

const common = {
  schema: told(
    z.literal(1),
    'Raised when a field changes its meaning or goes away; new fields alone do not raise it.',
  ),
  time: told(moment, 'When the record was written, UTC.'),
  error: told(code, 'The code of the error (docs: troubleshooting); null where there was none.'),
  decision: told(
    z.nullable(z.enum(['granted', 'denied'])),
    'What the policy said of the claims; null where nothing was decided.',
  ),
  grant: told(maybe, 'The name of the grant; null for a denial.'),
  target: told(maybe, 'The target that was granted, or asked for.'),
  policy: told(
    z.optional(
      z.nullable(
        z.object({ place: text, commit: maybe, sha256: z.string().check(z.regex(/^[0-9a-f]{64}$/)) }),
      ),
    ),
    'The policy file: how it was named, its commit where it is in another repository, and the SHA-256 of its text. Null where the rules stood in the inputs, and where nothing was decided.',
  ),
  warehouse: told(maybe, "dbt's adapter type."),
  via: told(maybe, 'The exchange; `none` where none was needed.'),
  identity: told(maybe, 'Who the other side takes the run for.'),
  expires_at: told(z.nullable(moment), 'When the credential ends; null where nobody tells.'),
  claims,
}

/** The record of one use of one token. */
export const tokenRecordSchema = told(
  z.object({
    ...common,
    record: z.literal('token'),
    use: told(
      z.enum(['decision', 'exchange', 'keep-alive', 'revocation']),
      'What the token was for: to decide, to buy the first credential, to renew it, to give it back.',
    ),
    outcome: told(
      z.enum(['granted', 'denied', 'shown', 'exchanged', 'handed-over', 'refused', 'unavailable', 'failed']),
      'A decision: granted, denied, or shown (`until: claims`). A trade: exchanged by the action, handed over to the driver, refused by the other side, unavailable, or failed before the token could be used.',
    ),
    trades: told(z.nullable(z.enum(['action', 'driver'])), 'Who trades the token.'),
    token_sha256: told(
      z.string().check(z.regex(/^[0-9a-f]{64}$/)),
      'SHA-256 of the token, lower-case hexadecimal.',
    ),
  }),
  'One use of one token.',
)

const seconds = z.number().check(z.nonnegative())

const invocation = z.object({
  command: told(maybe, 'The verb of dbt and nothing else of the command line.'),
  invocation_id: told(maybe, "dbt's own id, which its artifacts and most warehouses' histories hold."),
  exit_code: z.nullable(z.int()),
  signal: maybe,
  seconds,
})

/** The record of one run. */
export const runRecordSchema = told(
  z.object({
    ...common,
    record: z.literal('run'),
    result: told(
      z.enum(['success', 'failure', 'prepared', 'stopped', 'skipped', 'parsed']),
      'How the step ended: the output `result`.',
    ),
    seconds: told(seconds, 'Of the whole step.'),
    dbt_version: maybe,
    invocations: z.array(invocation),
    counts: told(z.record(z.string(), z.int()), "Nodes by dbt's status."),
  }),
  'One run of the step, its last record.',
)

/** A line of the audit log. Whoever reads takes a field more for one of a later version. */
export const auditRecordSchema = z.discriminatedUnion('record', [tokenRecordSchema, runRecordSchema])

export type TokenRecord = z.infer<typeof tokenRecordSchema>
export type RunRecord = z.infer<typeof runRecordSchema>
/** A record of the audit log: plain JSON, its keys always in the same order, null for what is not known. */
export type AuditRecord = TokenRecord | RunRecord
