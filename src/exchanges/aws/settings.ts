import * as z from 'zod/mini'
import { checkClaimName } from '../../claim-names.ts'
import { roleFlaw, roleOf, type Role } from './arn.ts'
import { partitionOf } from './partition.ts'

/** The ARN of a role. */
export const role = z
  .string()
  .check(
    z.refine((text) => roleOf(text) !== undefined, { error: ({ input }) => roleFlaw(String(input)) ?? '' }),
  )

// YAML gives a number where digits stand alone, and one that begins with 0 would be no account id any more.
const account = z.string().check(z.regex(/^\d{12}$/, 'an account id is 12 digits in quotes'))

/** A number of seconds that a session of AWS may live. */
export const seconds = (most: number, why: string): z.ZodMiniNumber =>
  z.int().check(
    z.refine((value) => value >= 900 && value <= most, {
      error: `must be a number of seconds between 900 and ${most}${why}`,
    }),
  )

const claim = z.string().check(
  z.refine((name) => checkClaimName(name) === undefined, {
    error: ({ input }) => `names no claim: ${checkClaimName(String(input)) ?? ''}`,
  }),
)

const policyText = z.string().check(
  z.refine(isPolicy, { error: 'must be one IAM policy in JSON: an object with "Statement"' }),
  z.refine((text) => text.length <= 2048, {
    error: 'must not be longer than 2048 characters: AWS takes no more',
  }),
)

const policyArn = z.string().check(
  z.refine((text) => /^arn:aws[\w-]*:iam::(?:aws|\d{12}):policy\/[!-~]+$/.test(text), {
    error: 'must be the ARN of a managed policy, as arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess',
  }),
)

/** A further role, which the one before it assumes. */
const link = z.strictObject({
  role,
  duration: z.optional(seconds(3600, ': a role that another role assumes lives no longer than an hour')),
  'external-id': z.optional(
    z.string().check(z.regex(/^[\w+=,.@:/-]{2,1224}$/, '2 to 1224 letters, digits or +=,.@:/-_')),
  ),
  /** Claims that become session tags of the same name, for policies by attribute and for CloudTrail. */
  'session-tags': z.optional(z.array(claim).check(z.maxLength(50))),
})

const shape = z.strictObject({
  role,
  region: z.optional(
    z.string().check(
      z.refine((text) => partitionOf(text) !== undefined, {
        error: 'is no AWS region; write it as eu-west-1',
      }),
    ),
  ),
  duration: z.optional(seconds(43_200, '')),
  'session-policy': z.optional(policyText),
  'session-policies': z.optional(
    z
      .array(policyArn)
      .check(
        z.refine((list) => list.length <= 10, { error: 'must not name more than 10: AWS takes no more' }),
      ),
  ),
  chain: z.optional(z.array(link)),
  'allowed-accounts': z.optional(z.array(account)),
})

export type Settings = z.infer<typeof shape>
export type Link = z.infer<typeof link>

/** What stands under `identity:`; what one value alone cannot tell is compared here. */
export const settings = shape.check((payload) => {
  for (const { path, message } of contradictions(payload.value))
    payload.issues.push({ code: 'custom', path: [...path], message, input: payload.value })
})

interface Contradiction {
  readonly path: readonly (string | number)[]
  readonly message: string
}

function contradictions(all: Settings): readonly Contradiction[] {
  const found: Contradiction[] = []
  const home = roleOf(all.role)?.partition
  const partition = all.region === undefined ? undefined : partitionOf(all.region)?.name
  if (partition !== undefined && home !== undefined && partition !== home)
    found.push({
      path: ['region'],
      message: `\`${all.region}\` belongs to the partition ${partition}, but the role to ${home}: write a region of ${home}, or the role's ARN in ${partition}`,
    })
  if (all.chain?.length && (all.duration ?? 0) > 3600)
    found.push({
      path: ['duration'],
      message: 'must not exceed 3600 with a `chain`: its roles live no longer than an hour',
    })
  return [...found, ...rolesOf(all).flatMap(({ role, path }) => strayed(all, home, role, path))]
}

function strayed(
  all: Settings,
  home: string | undefined,
  role: Role,
  path: Contradiction['path'],
): readonly Contradiction[] {
  if (role.partition !== home)
    return [{ path, message: `is in the partition ${role.partition}, which nobody from ${home} can enter` }]
  const allowed = all['allowed-accounts']
  return allowed === undefined || allowed.includes(role.account)
    ? []
    : [{ path, message: `is in the account ${role.account}, which \`allowed-accounts\` does not name` }]
}

function rolesOf(all: Settings) {
  const arns = [
    { arn: all.role, path: ['role'] },
    ...(all.chain ?? []).map((link, index) => ({ arn: link.role, path: ['chain', index, 'role'] })),
  ]
  return arns.flatMap(({ arn, path }) => {
    const role = roleOf(arn)
    return role ? [{ role, path }] : []
  })
}

function isPolicy(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && 'Statement' in value
  } catch {
    return false
  }
}
