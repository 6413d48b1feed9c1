import {
  changedClaims,
  pinnedIds,
  supposedClaims,
  supposedElsewhere,
  type Ids,
} from '../../check/supposed.ts'
import { unverified } from '../../check/unverified.ts'
import type { Claims } from '../../claims.ts'
import { decisionAudience, type Config } from '../../config.ts'
import type { Sources } from '../../config/sources.ts'
import type { Line } from '../../doctor/line.ts'
import { tokenLine } from '../../doctor/sentence.ts'
import { DbtOidcError } from '../../errors.ts'
import { decide, type Facts, type Grant } from '../../policy.ts'
import { quoted, visible } from '../../policy/visible.ts'
import { readRegular } from '../../regular.ts'
import type { OtherIssuer } from '../../other-issuer.ts'
import { untrustedPullRequest } from '../../token/pull-request.ts'
import { claimsGiven, givenClaims, repositoryOf, textOfToken } from '../check.ts'
import type { WorkflowJob } from '../workflow/job.ts'
import { describedBy, inEnvironment, ofEachEvent, saidOfJob } from './described.ts'
import { mayAskForToken, realClaims } from './id-token.ts'

/** Which run is meant. */
export interface Meant {
  readonly token?: string
  readonly repository?: string
  readonly ref?: string
  readonly event?: string
  readonly environment?: string
  readonly claim: readonly string[]
  readonly target?: string
}

/** A run to be explained, and how its claims were come by. */
export interface Run {
  readonly token: Line
  /** Undefined where there were none to be had. */
  readonly claims: Claims | undefined
  /** The claims are those of a token of GitHub's that has passed the gate. */
  readonly real: boolean
  readonly facts: Facts
  /** The target that it asks for. */
  readonly asked: string | undefined
}

// GitHub cuts an event off at 25 MB.
const LONGEST_EVENT = 25 * 1024 * 1024

const SAME: Facts = { pullRequest: { kind: 'same' } }

/** The runs to explain: the one of the token, the one that was told, this very job, or one for each target of the policy or `job`. */
export async function runsOf(
  config: Config,
  sources: Sources,
  meant: Meant,
  job?: WorkflowJob,
): Promise<readonly Run[]> {
  const asked = meant.target ?? config.asked
  const given = config.other ? toldElsewhere(meant, config.other) : told(meant)
  if (meant.token !== undefined)
    return [{ ...(await fromFile(meant.token, given ?? new Map(), config, sources)), asked }]
  if (given) {
    const text = 'none: a run is supposed, with the claims that follow from what was told'
    return [{ ...supposed(unlessTold(given, job), text, config, sources, job), asked }]
  }
  if (!config.other && mayAskForToken(process.env)) return [{ ...(await thisJob(config, asked)), asked }]
  return job ? ofJob(config, sources, asked, job) : eachTarget(config, sources, asked)
}

function unlessTold(given: ReadonlyMap<string, string>, job: WorkflowJob | undefined): typeof given {
  return job && !given.has('environment') ? inEnvironment(given, job) : given
}

async function thisJob(config: Config, asked: string | undefined): Promise<Omit<Run, 'asked'>> {
  const audience = decisionAudience({ ...config, asked })
  try {
    const claims = await realClaims(audience, config.issuer, process.env)
    const event = await eventOf(process.env['GITHUB_EVENT_PATH'] ?? '')
    const pullRequest = untrustedPullRequest(event, claims.all.get('repository') ?? '')
    return { token: tokenLine(claims, new Date()), claims, real: true, facts: { pullRequest } }
  } catch (error) {
    if (!(error instanceof DbtOidcError)) throw error
    const { problem, details, remedy } = error
    return {
      token: { word: 'token', mark: 'wrong', text: problem, facts: details, remedy },
      claims: undefined,
      real: false,
      facts: SAME,
    }
  }
}

async function fromFile(
  path: string,
  given: ReadonlyMap<string, string>,
  { issuer, other }: Config,
  { today }: Sources,
): Promise<Omit<Run, 'asked'>> {
  const read = unverified(await textOfToken(path), { issuer, other, now: today })
  const refused = read.refusals.length > 0
  return {
    token: {
      word: 'token',
      mark: refused ? 'wrong' : 'open',
      text: `read from ${visible(path)}; nobody has checked its signature, so it proves nothing`,
      facts: [...read.refusals, ...read.notes],
      ...(refused
        ? { remedy: `Take the token of a job of this repository, as ${other?.name ?? 'GitHub'} gives it.` }
        : {}),
    },
    claims: changedClaims(read.claims, given),
    real: false,
    facts: SAME,
  }
}

function describer({ name, place }: Grant): string {
  return place === 'inputs' ? 'the inputs of the step describe it' : `the grant ${visible(name)} describes it`
}

/** A run for each target, as its first grant describes it: whether the policy can be gone through at all. */
function eachTarget(config: Config, sources: Sources, asked: string | undefined): readonly Run[] {
  const targets = [...config.targets.keys()].filter((name) => asked === undefined || name === asked)
  return targets.flatMap((name) => {
    const grant = config.grants.find(({ target }) => target === name)
    if (!grant) return []
    const text = `none: no job is around, so a run is supposed as ${describer(grant)} (${OTHERWISE})`
    return [{ ...supposed(describedBy(grant), text, config, sources), asked: name }]
  })
}

/** A run for each target that the job of a workflow gets by one of its events; where it gets none, one that tells why. */
function ofJob(
  config: Config,
  sources: Sources,
  asked: string | undefined,
  job: WorkflowJob,
): readonly Run[] {
  const wanted = config.grants.filter(({ target }) => asked === undefined || target === asked)
  const runs = wanted.flatMap((grant) => {
    const text = `none: no job is around, so a run of the job ${visible(job.name)} is supposed, for the rest as ${describer(grant)} (${OTHERWISE})`
    return ofEachEvent(describedBy(grant), job).map((given) => ({
      ...supposed(given, text, config, sources, job),
      asked,
    }))
  })
  const granted = new Map<string, Run>()
  for (const run of runs) {
    const target = decide(config.grants, run.claims, asked, run.facts).grant?.target
    if (target !== undefined && !granted.has(target)) granted.set(target, run)
  }
  return granted.size > 0 ? [...granted.values()] : runs.slice(0, 1)
}

const OTHERWISE = '--ref, --event, --environment, --token say otherwise'

function supposed(
  given: ReadonlyMap<string, string>,
  text: string,
  config: Config,
  sources: Sources,
  job?: WorkflowJob,
): Omit<Run, 'asked'> & { readonly claims: Claims } {
  const token = { word: 'token', mark: 'open', text } as const
  const { other } = config
  if (other) return { token, claims: supposedElsewhere(other, given), real: false, facts: SAME }
  const repository = given.get('repository') ?? repositoryOf(config, sources)
  const ids = pinnedIds(config.grants, repository)
  const run = { repository, ids, issuer: config.issuer, given }
  const claims = supposedClaims({ ...run, form: 'name' })
  // Which of the two it is, only GitHub or a token tells.
  const form = given.has('sub') ? [] : [otherForm(ids, supposedClaims({ ...run, form: 'id' }).sub)]
  const facts = [...(job ? saidOfJob(job) : []), ...form]
  return { token: { ...token, facts }, claims, real: false, facts: SAME }
}

function otherForm({ repositoryId, ownerId }: Ids, sub: string): string {
  const since = 'of a repository that was created, renamed or transferred since 2026-07-15, `sub`'
  return repositoryId === undefined || ownerId === undefined
    ? `${since} has the ids of owner and repository, which the policy does not pin`
    : `${since} is ${quoted(sub)}`
}

function toldElsewhere(meant: Meant, other: OtherIssuer): ReadonlyMap<string, string> | undefined {
  const given = claimsGiven({ ...meant, claim: meant.claim ?? [] }, other)
  return given.size === 0 ? undefined : given
}

/** Undefined where no run was told: a repository alone says whose policy is meant. */
function told({
  repository,
  ref,
  event,
  environment,
  claim,
}: Meant): ReadonlyMap<string, string> | undefined {
  const one = [ref, event, environment].some((value) => value !== undefined) || claim.length > 0
  if (!one) return undefined
  return givenClaims({
    claim,
    ...(repository === undefined ? {} : { repository }),
    ...(ref === undefined ? {} : { ref }),
    ...(event === undefined ? {} : { event }),
    ...(environment === undefined ? {} : { environment }),
  })
}

async function eventOf(path: string): Promise<unknown> {
  const read = path === '' ? undefined : await readRegular(path, LONGEST_EVENT)
  try {
    return read?.kind === 'text' ? JSON.parse(read.text) : undefined
  } catch {
    return undefined
  }
}
