import { text as textOf } from 'node:stream/consumers'
import { check, type Checked } from '../check/checked.ts'
import { changedClaims, pinnedIds, supposedClaims, supposedElsewhere } from '../check/supposed.ts'
import { unverified, type Unverified } from '../check/unverified.ts'
import { checkClaimName } from '../claim-names.ts'
import type { Claims } from '../claims.ts'
import type { Config } from '../config.ts'
import type { Sources } from '../config/sources.ts'
import { fail } from '../errors.ts'
import { nearest } from '../nearest.ts'
import type { OtherIssuer } from '../other-issuer.ts'
import { isLiteral } from '../pattern.ts'
import { readRegular } from '../regular.ts'
import { printCheck } from './check-print.ts'
import { EXIT } from './exit.ts'
import { chosen } from './targets.ts'
import { holdsSecret } from './without-tokens.ts'

/** What is asked about one run. */
export interface Asking {
  readonly repository?: string
  readonly ref?: string
  readonly event?: string
  readonly environment?: string
  readonly claim: readonly string[]
  readonly fork?: boolean
  readonly token?: string
  readonly target?: string
  readonly json?: boolean
}

/** One run, with how its claims came about. */
export interface Asked {
  readonly checked: Checked
  /** Undefined: supposed, not read. */
  readonly read: Unverified | undefined
  /** Claims that were neither given nor read, with the reason for each. */
  readonly assumed: ReadonlyMap<string, string>
  readonly notes: readonly string[]
}

/** Says which grant a run would get, and why; the exit code is 1 where it gets none. */
export async function checkOne(config: Config, sources: Sources, asking: Asking): Promise<void> {
  if (asking.target !== undefined) chosen(config, asking.target)
  const { other } = config
  const given = givenBy(asking, other)
  const read =
    asking.token === undefined
      ? undefined
      : unverified(await textOfToken(asking.token), {
          issuer: config.issuer,
          other,
          now: sources.today,
        })
  const repository = asking.repository ?? repositoryOf(config, sources)
  const claims = read ? changedClaims(read.claims, given) : supposedBy(config, repository, given)
  const checked = check(config.grants, claims, asking.target ?? config.asked, asking.fork === true)
  const assumed = read ? new Map<string, string>() : assumedIn(claims, given)
  printCheck({ checked, read, assumed, notes: notesOf(claims, read, asking) }, asking.json === true)
  if (!checked.decision.granted || (read?.refusals.length ?? 0) > 0) process.exitCode = EXIT.no
}

function givenBy(asking: Asking, other: OtherIssuer | undefined): ReadonlyMap<string, string> {
  return other ? claimsGiven(asking, other) : givenClaims(asking)
}

function supposedBy(
  { grants, issuer, other }: Config,
  repository: string,
  given: ReadonlyMap<string, string>,
): Claims {
  if (other) return supposedElsewhere(other, given)
  return supposedClaims({ repository, ids: pinnedIds(grants, repository), form: 'name', issuer, given })
}

const NO_FORK =
  'The pull request is supposed to come from the repository itself, which no claim tells; --fork asks about another.'

function notesOf({ all }: Claims, read: Unverified | undefined, { fork }: Asking): readonly string[] {
  const isRequest = all.get('event_name')?.startsWith('pull_request') === true
  return [...(read?.notes ?? []), ...(isRequest && !fork ? [NO_FORK] : [])]
}

/** The repository that a run is supposed to belong to: the policy's where it names one, else that of the checkout. */
export function repositoryOf({ grants }: Config, { repository }: Sources): string {
  const named = grants.flatMap(({ when }) => when.get('repository') ?? []).find(isLiteral)
  return named ?? repository
}

/** A ref as GitHub writes it: a bare name is a branch. */
export function fullRef(ref: string): string {
  return ref.startsWith('refs/') ? ref : `refs/heads/${ref}`
}

/** The claims that were told one by one. Throws `usage` for one that is none. */
export function givenClaims({
  repository,
  ref,
  event,
  environment,
  claim,
}: Pick<Asking, 'repository' | 'ref' | 'event' | 'environment' | 'claim'>): ReadonlyMap<string, string> {
  const own = [
    ['repository', repository],
    ['ref', ref === undefined ? undefined : fullRef(ref)],
    ['event_name', event],
    ['environment', environment],
  ] as const
  const given = [
    ...own.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])),
    ...claim.map(namedValue),
  ]
  for (const [name, value] of given) refuseSecret(name, value)
  return new Map(given)
}

/** What is told of a run is printed beside the policy, and a secret in its place would be, too. */
export function refuseSecret(name: string, value: string): void {
  if (!holdsSecret(value)) return
  fail({
    code: 'usage',
    problem: `What was given for ${name} looks like a token or another secret, and is not shown.`,
    remedy:
      'Give the claim itself. A token is read from a file, by --token; if this one was in the log already, revoke it.',
  })
}

/** The same of a job of another issuer, whose claims have other names. Throws `usage`. */
export function claimsGiven(
  { ref, event, environment, fork, claim }: Pick<Asking, 'ref' | 'event' | 'environment' | 'fork' | 'claim'>,
  { name: issuer, claims }: OtherIssuer,
): ReadonlyMap<string, string> {
  const githubs = Object.entries({ ref, event, environment, fork }).find(([, value]) => value !== undefined)
  if (githubs)
    fail({
      code: 'usage',
      problem: `--${githubs[0]} is about a run of GitHub Actions.`,
      remedy: `Say what a token of ${issuer} says, by --claim name=value, or give one by --token.`,
    })
  const given = claim.map((text) => splitClaim(text))
  for (const [name, value] of given) {
    refuseSecret(name, value)
    const near = nearest(name, claims)
    if (!claims.includes(name))
      fail({
        code: 'usage',
        problem: `--claim: The tokens of \`${issuer}\` have no claim \`${name}\`${near ? `; did you mean \`${near}\`?` : '.'}`,
        remedy: `Others are listed under \`issuers.${issuer}.claims\`.`,
      })
  }
  return new Map(given)
}

function splitClaim(text: string): readonly [string, string] {
  const at = text.indexOf('=')
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)]
  return fail({
    code: 'usage',
    problem: '--claim: It is no `name=value`.',
    remedy: 'Write it as --claim name=value.',
  })
}

function namedValue(text: string): readonly [string, string] {
  const at = text.indexOf('=')
  const [name, value] = [text.slice(0, at), text.slice(at + 1)]
  const problem = at < 1 ? 'It is no `name=value`.' : checkClaimName(name)
  if (problem === undefined) return [name, value]
  return fail({
    code: 'usage',
    problem: `--claim: ${problem}`,
    remedy: 'Write it as --claim name=value, e.g. --claim actor=octocat.',
  })
}

function assumedIn(claims: Claims, given: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  // Of a job of another issuer nothing follows from anything.
  if (claims.from !== undefined) return new Map()
  const reasons = [
    ['repository', 'of the policy or of this checkout; --repository'],
    ['repository_owner', 'follows from the repository'],
    ['repository_id', 'pinned by the policy'],
    ['repository_owner_id', 'pinned by the policy'],
    ['event_name', 'assumed; --event'],
    ['ref', 'assumed; --ref'],
    ['ref_type', 'follows from the ref'],
    ['sub', 'assumed: names without ids; --claim sub=…'],
  ] as const
  return new Map(reasons.filter(([name]) => claims.all.has(name) && !given.has(name)))
}

/** The text of a file, or of standard input for `-`. Throws `file`. */
export async function textOfToken(path: string): Promise<string> {
  if (path === '-') return textOf(process.stdin)
  const read = await readRegular(path)
  if (read.kind === 'text') return read.text
  return fail({
    code: 'file',
    problem: `${path} cannot be read as a token (${read.kind === 'unreadable' ? read.why : read.kind}).`,
    remedy: 'Name a file that holds a token or its claims as JSON, or `-` for standard input.',
  })
}
