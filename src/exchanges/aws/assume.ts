import type { Claims, Mint } from '../../claims.ts'
import { fail } from '../../errors.ts'
import type { Io } from '../../exchange.ts'
import { patiently, retry } from '../../retry.ts'
import { checkedRole, type Place } from './place.ts'
import type { Link, Settings } from './settings.ts'
import { ask, type Input } from './query.ts'
import { sessionOf, type Session } from './session.ts'

/** What is asked of the security token service. */
export interface Asked {
  readonly settings: Settings
  readonly place: Place
  readonly audience: string
}

/** Trades a token for keys of the role, and those for keys of each further role of the chain. */
export async function assume({ settings, place, audience }: Asked, mint: Mint, io: Io): Promise<Session> {
  const chain = settings.chain ?? []
  const first = await retry(async () => {
    // A token of a try that has failed may be spent or expired.
    const token = await mint(audience)
    const session = await withToken(settings, place, token.text, sessionName(token.claims), io)
    return { session, claims: token.claims }
  }, patiently(io))
  let { session } = first
  for (const [index, link] of chain.entries()) {
    // Every session but the last one is ours alone.
    io.mask(session.secretAccessKey)
    io.mask(session.sessionToken)
    const last = index === chain.length - 1
    const before = session
    session = await retry(
      () => onward({ link, settings: last ? settings : undefined, place, claims: first.claims }, before, io),
      patiently(io),
    )
  }
  return session
}

async function withToken(
  settings: Settings,
  place: Place,
  token: string,
  name: string,
  io: Io,
): Promise<Session> {
  const chained = settings.chain !== undefined && settings.chain.length > 0
  const input = {
    RoleArn: settings.role,
    RoleSessionName: name,
    WebIdentityToken: token,
    // A policy narrows what dbt gets, and that is the last role's session.
    ...(chained ? {} : policiesOf(settings)),
    DurationSeconds: settings.duration ?? (chained ? 900 : 3600),
  }
  const { role } = settings
  return sessionOf(await ask({ action: 'AssumeRoleWithWebIdentity', input, place, role }, io), place.role)
}

interface Onward {
  readonly link: Link
  /** Of the last role of the chain only. */
  readonly settings: Settings | undefined
  readonly place: Place
  readonly claims: Claims
}

async function onward({ link, settings, place, claims }: Onward, session: Session, io: Io): Promise<Session> {
  const tags = tagsOf(link, claims)
  const input = {
    RoleArn: link.role,
    RoleSessionName: sessionName(claims),
    ...(settings && policiesOf(settings)),
    DurationSeconds: link.duration ?? 3600,
    Tags: tags,
    ExternalId: link['external-id'],
  }
  return assumeRole(input, place, session, io)
}

/** Keys of a further role, asked for with those of the session. */
export async function assumeRole(
  input: Input & { readonly RoleArn: string },
  place: Place,
  keys: Session,
  io: Io,
): Promise<Session> {
  const role = input.RoleArn
  return sessionOf(await ask({ action: 'AssumeRole', input, place, keys, role }, io), checkedRole(role))
}

function policiesOf(settings: Settings): Input {
  return {
    PolicyArns: settings['session-policies']?.map((arn) => ({ arn })),
    Policy: settings['session-policy'],
  }
}

/** What CloudTrail shows, and what the trust policy compares: the repository by its id, the run and the attempt. */
export function sessionName({ all }: Claims): string {
  const parts = ['repository_id', 'run_id', 'run_attempt'].map((claim) => all.get(claim) ?? '0')
  return ['dbt', ...parts]
    .join('-')
    .replaceAll(/[^\w+=,.@-]/g, '_')
    .slice(0, 64)
}

function tagsOf(link: Link, claims: Claims): { readonly Key: string; readonly Value: string }[] {
  return (link['session-tags'] ?? []).map((claim) => {
    const value = claims.all.get(claim)
    // A changed value could be taken for another one by a policy that compares it.
    if (value !== undefined && /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u.test(value))
      return { Key: claim, Value: value }
    return fail({
      code: 'configuration',
      problem:
        value === undefined
          ? `The session tag ${claim} has no value: this token has no such claim.`
          : `The claim ${claim} cannot be a session tag: AWS takes at most 256 letters, digits, spaces and _.:/=+-@.`,
      remedy: 'Take it out of `session-tags`, or grant the target only to runs that have it.',
    })
  })
}
