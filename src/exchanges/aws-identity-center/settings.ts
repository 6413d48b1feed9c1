import * as z from 'zod/mini'
import { fail } from '../../errors.ts'
import type { Want } from '../../exchange.ts'
import { PARTITION_NAMES, partitionOf } from '../aws/partition.ts'
import { role, seconds } from '../aws/settings.ts'

const PARTITION = `(?:${PARTITION_NAMES.join('|')})`
const INSTANCE = new RegExp(`^arn:${PARTITION}:sso:::instance/(?:sso)?ins-[a-zA-Z0-9.-]{16}$`)
const APPLICATION = new RegExp(
  `^arn:${PARTITION}:sso::\\d{12}:application/(?:sso)?ins-[a-zA-Z0-9.-]{16}/apl-[a-zA-Z0-9]{16}$`,
)

const shape = z.strictObject({
  /** The instance of Identity Center. */
  instance: z
    .string()
    .check(
      z.regex(
        INSTANCE,
        'is no instance of Identity Center; `aws sso-admin list-instances` tells it, as arn:aws:sso:::instance/ssoins-1234567890abcdef',
      ),
    ),
  /** The region of the instance. */
  region: z.string().check(
    z.refine((text) => partitionOf(text) !== undefined, {
      error: 'is no AWS region; write that of the instance, as eu-west-1',
    }),
  ),
  /** The group of Identity Center that the users of this target are in. */
  group: z
    .string()
    .check(z.regex(/^[\w+=,.@ -]{1,100}$/, 'must be 1 to 100 letters, digits, spaces or +=,.@_-')),
  /** What Redshift writes before the names of users and groups. */
  namespace: z.optional(
    z.string().check(z.regex(/^[a-zA-Z0-9_+.#@$-]{1,127}$/, 'must be 1 to 127 letters, digits or _+.#@$-')),
  ),
  /** The role with which the token is traded at Identity Center. */
  role: z.optional(role),
  /** The application of Identity Center for which it is traded. */
  application: z.optional(
    z
      .string()
      .check(
        z.regex(
          APPLICATION,
          'is no application of Identity Center; `aws sso-admin list-applications` tells it, as arn:aws:sso::123456789012:application/ssoins-…/apl-…',
        ),
      ),
  ),
  /** The role that dbt gets, in a session that carries the user of Identity Center. */
  'session-role': z.optional(role),
  /** Of that session. */
  duration: z.optional(seconds(3600, ': a role that another role assumes lives no longer than an hour')),
})

export type Settings = z.infer<typeof shape>

/** What stands under `identity:`. */
export const settings = shape.check((payload) => {
  const { instance, region } = payload.value
  const home = instance.split(':')[1]
  const there = partitionOf(region)?.name
  if (home === undefined || there === undefined || home === there) return
  const message = `\`${region}\` belongs to the partition ${there}, but the instance to ${home}`
  payload.issues.push({ code: 'custom', path: ['region'], message, input: payload.value })
})

/** Settings of a trade for keys: those that a warehouse which takes the token itself does not need are there. */
export interface Keyed extends Settings {
  readonly role: string
  readonly application: string
  readonly 'session-role': string
}

/** Whether the warehouse trades GitHub's token at Identity Center by itself. */
export function tradesItself({ kind }: Want): boolean {
  return kind === 'id-token'
}

/** The settings of a trade for keys. Throws `configuration` where one is missing. */
export function keyed(settings: Settings): Keyed {
  const { role: first, application, 'session-role': last } = settings
  if (first !== undefined && application !== undefined && last !== undefined)
    return { ...settings, role: first, application, 'session-role': last }
  return fail({
    code: 'configuration',
    problem: 'For this warehouse the identity must name `role`, `application` and `session-role`.',
    remedy:
      'Write all three under `identity:`: the role that trades the token, the application of Identity Center, and the role that dbt gets.',
  })
}

/** Names nobody else: a token for one instance, or one application, opens no other. */
export function audienceOf(settings: Settings, want: Want): string {
  return want.audience ?? (tradesItself(want) ? settings.instance : keyed(settings).application)
}

/** As what the warehouse knows us: the group in Redshift, else the role. */
export function identityOf(settings: Settings, want: Want): string {
  return tradesItself(want)
    ? `${settings.namespace ?? 'AWSIDC'}:${settings.group}`
    : keyed(settings)['session-role']
}
