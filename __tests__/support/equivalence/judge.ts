import type { Decision, Grant, Verdict } from '../../../src/policy.ts'
import type { Presented } from '../models/presented.ts'
import type { Choose } from './choose.ts'
import { exceptions } from './exceptions.ts'
import { accepted, decided, openClaims, type Stand } from './stand.ts'
import { valueFor, type Token } from './tokens.ts'

/** What became of a token on both sides; `fault` where they differ and nothing that was told explains it. */
export interface Outcome {
  readonly granted: boolean
  readonly accepted: boolean
  /** What explains a difference, in words of the document: claims that it leaves out, or whom it refuses. */
  readonly told: readonly string[]
  readonly fault?: string
}

/** Compares what policy and platform say of a token for the target. */
export function judge(at: Stand, token: Token, choose: Choose, from: Partial<Presented> = {}): Outcome {
  const ours = from.iss === undefined && from.aud === undefined
  const decision = decided(at, token.claims, token.fork)
  const outcome = {
    granted: ours && decision.granted,
    accepted: accepted(at, token.claims, from),
    told: [],
  }
  if (outcome.granted === outcome.accepted) return outcome
  if (outcome.granted) return { ...outcome, ...narrower(at, token, decision) }
  if (!ours) return { ...outcome, fault: 'wider: the issuer or audience is another' }
  return { ...outcome, ...wider(at, token, decision, choose) }
}

type Explained = Pick<Outcome, 'told' | 'fault'>

/** Policy grants T ⇒ the trust of T accepts, but for what GitHub never writes and whom the document says it refuses. */
function narrower(at: Stand, token: Token, { verdicts }: Decision): Explained {
  if (!token.possible) return { told: [] }
  for (const { ok, grant, checks } of verdicts) {
    if (!ok || grant.target !== at.target.name) continue
    const told = exceptions.filter(
      ({ words, applies }) => words.test(at.text) && applies({ at, token, grant, checks }),
    )
    const fixed = told.reduce((claims, { fix }) => fix(claims, grant, token.form), token.claims)
    // Each grant that holds must be in the trust, not only one of them.
    if (!accepted(at, fixed) || !decided(at, fixed).granted)
      return {
        told: [],
        fault: `narrower: ${grant.name}, also without: ${told.map(({ name }) => name).join() || 'anything told'}`,
      }
    if (told.length > 0) return { told: told.map(({ name }) => name) }
  }
  return { told: [], fault: 'narrower' }
}

/** The trust accepts and the policy does not ⇒ some grant fails in nothing but what is left to the action. */
function wider(at: Stand, token: Token, { verdicts }: Decision, choose: Choose): Explained {
  const faults: string[] = []
  for (const verdict of verdicts.filter(({ grant }) => grant.target === at.target.name)) {
    const failed = verdict.checks.filter(({ ok }) => !ok).map(({ claim }) => claim)
    const left = untold(at, token, verdict)
    const fixed = left.length === 0 ? corrected(token.claims, verdict.grant, failed, choose) : token.claims
    const [policy, trust] = [decided(at, fixed).granted, accepted(at, fixed)]
    if (policy && trust) return { told: failed }
    faults.push(
      left.length > 0
        ? `${verdict.grant.name} fails in ${left.join()}`
        : `${verdict.grant.name}, with ${failed.join()} right: policy ${policy}, trust ${trust}`,
    )
  }
  return { told: [], fault: `wider: ${faults.join('; ')}` }
}

const IN_SUBJECT = new Set([
  'environment',
  'event_name',
  'ref',
  'repository',
  'repository_id',
  'repository_owner_id',
])

/** Checks that failed and of which no document says that they are the action's alone. */
function untold(at: Stand, token: Token, { grant, checks }: Verdict): readonly string[] {
  const open = openClaims(at, grant.name)
  return checks
    .filter(({ ok, claim, rule }) => {
      if (ok || open.includes(claim) || rule === 'pull-request') return false
      // Of a token that contradicts itself, whoever reads the subject alone cannot know.
      if (!token.possible && at.platform.compares === 'subject' && IN_SUBJECT.has(claim)) return false
      return !isUnseen(at, grant, token.claims[claim] ?? '', claim)
    })
    .map(({ claim }) => claim)
}

/** A character that nobody can see, where a pattern has a star: the document says that only the action refuses it. */
function isUnseen({ text }: Stand, { when }: Grant, value: string, claim: string): boolean {
  return (
    /[\u200b\u202e\ufeff]/.test(value) &&
    (when.get(claim) ?? []).some((pattern) => pattern.includes('*')) &&
    text.includes('Characters that nobody can see')
  )
}

/** The claims with just these as the grant wants them, and what GitHub says of the ref along with it. */
function corrected(
  claims: Token['claims'],
  grant: Grant,
  failed: readonly string[],
  choose: Choose,
): Token['claims'] {
  const right = failed.map((claim) => [claim, rightFor(grant, claim, choose)] as const)
  const { ref, ...others }: Record<string, string> = Object.fromEntries(right)
  const type = ref?.startsWith('refs/tags/') ? 'tag' : 'branch'
  return { ...claims, ...others, ...(ref !== undefined && { ref, ref_type: type }) }
}

function rightFor({ when }: Grant, claim: string, choose: Choose): string {
  const [pattern = claim === 'event_name' ? 'push' : ''] = when.get(claim) ?? []
  return claim === 'event_name' && pattern.includes('*') ? 'workflow_dispatch' : valueFor(pattern, choose)
}
