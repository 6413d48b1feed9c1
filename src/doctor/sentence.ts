import type { Claims } from '../claims.ts'
import { audienceOf, wantOf, type Target } from '../config/target.ts'
import type { Decision } from '../policy.ts'
import { quoted, visible } from '../policy/visible.ts'
import { decisionSentence, decisionTable, denial, type Look } from '../report/decision.ts'
import { against, fitsTrust, isUntold } from '../trust/against.ts'
import type { TrustDocument } from '../trust.ts'
import type { Trusted } from '../trust/refusal.ts'
import { findingLines } from '../preflight.ts'
import type { Finding } from '../warehouse.ts'
import { CARRIED, MEANWHILE } from '../warehouse/words.ts'
import type { Line } from './line.ts'

/** What grants and trusts read most, in the order in which people think of it. */
const SHOWN = [
  'repository',
  'repository_id',
  'repository_owner_id',
  'ref',
  'environment',
  'event_name',
  'job_workflow_ref',
  'actor',
  'runner_environment',
] as const

/** What a run knows once the exchange has been made. */
export interface Sentence {
  readonly claims: Claims
  readonly decision: Decision
  /** With its placeholders filled. */
  readonly target: Target
  readonly trusted: Trusted
  /** Who the other side says we are. */
  readonly told: readonly Finding[]
  readonly now: Date
}

/** Every word of the sentence, after an exchange that was made. */
export function sentenceLines(
  { claims, decision, target, trusted, told, now }: Sentence,
  look: Look,
): readonly Line[] {
  const exchange = exchangeLine(target, claims, trusted)
  const facts = told.length === 0 ? [] : ['Who the other side says we are:', ...findingLines(told)]
  return [
    tokenLine(claims, now),
    claimsLine(claims),
    grantLine(decision, look),
    // It has gone through, whatever the policy expects of the other side.
    {
      ...exchange,
      mark: exchange.mark === 'ok' ? 'ok' : 'odd',
      facts: [...facts, ...(exchange.facts ?? [])],
    },
    profileLine(target),
  ]
}

/** The word *token*: for whom, from whom, and how long it lives. */
export function tokenLine({ aud, iss, jti, iat, exp }: Claims, now: Date): Line {
  const left = Math.round(exp - now.getTime() / 1000)
  const lives = `lives ${exp - iat} s, ${left < 0 ? `ended ${-left} s ago` : `ends in ${left} s`}`
  return {
    word: 'token',
    mark: 'ok',
    text: `for ${visible(aud)}, signed by ${visible(iss)}; ${lives} (jti ${visible(jti)})`,
  }
}

/** The word *claims*: what the token says of the job. */
export function claimsLine({ sub, all }: Claims): Line {
  const width = Math.max(...SHOWN.map((claim) => claim.length))
  return {
    word: 'claims',
    mark: 'ok',
    text: `sub ${quoted(sub)}`,
    facts: SHOWN.flatMap((claim) => {
      const value = all.get(claim)
      // A job without an environment is what people miss most often.
      if (value === undefined)
        return claim === 'environment' ? [`${claim.padEnd(width)}  (the job names none)`] : []
      return [`${claim.padEnd(width)}  ${visible(value)}`]
    }),
  }
}

/** The word *grant*: which one, or every check that keeps it from being any. */
export function grantLine(decision: Decision, look: Look): Line {
  const facts = decisionTable(decision, look)
  const text = decisionSentence(decision)
  if (!decision.granted)
    return { word: 'grant', mark: 'wrong', text, facts, remedy: denial(decision, look).remedy }
  return { word: 'grant', mark: 'ok', text, facts }
}

/** The word *exchange*: as whom, and the claims of the token against what the policy asks the other side to trust. */
export function exchangeLine(target: Target, claims: Claims, { request, documents }: Trusted): Line {
  if (target.via === 'none')
    return {
      word: 'exchange',
      mark: 'ok',
      text: `none needed: ${target.warehouse.title} asks for no credential`,
    }
  const identity = target.exchange.identity(wantOf(target), claims)
  const papers = documents.exchange.length > 0 ? documents.exchange : documents.warehouse
  const fits = fitsTrust(request, claims)
  const untold = isUntold(claims)
  return {
    word: 'exchange',
    mark: untold ? 'open' : fits ? 'ok' : 'wrong',
    text: `via ${target.via} as ${visible(identity)}, with a token for ${visible(audienceOf(target))}`,
    facts: [
      'What the policy asks the other side to expect, and what the token says:',
      ...against(request, claims),
      ...papers.flatMap(holding),
    ],
    ...(untold
      ? { remedy: 'Give a token of a job (--token FILE), or its subject (--claim sub=…).' }
      : fits
        ? {}
        : {
            remedy: `Let the trust have the subject of the token, or run the job where its subject is another; \`dbt-oidc trust --target ${target.name}\` prints the statement.`,
          }),
  }
}

function holding({ title, heldThere, checkedHere }: TrustDocument): readonly string[] {
  if (heldThere.length + checkedHere.length === 0) return []
  const here =
    checkedHere.length === 0
      ? 'nothing is left to this action'
      : `this action alone checks ${checkedHere.join(', ')}`
  return [`${title}: holds ${heldThere.join(', ') || 'nothing'}; ${here}`]
}

/** The word *profile*: what dbt writes to, with what, and how it is kept alive. */
export function profileLine(target: Target): Line {
  const { acceptance, warehouse, bound } = target
  const trades =
    acceptance.trades === 'driver' ? "dbt's driver trades it itself" : 'this action trades for it'
  return {
    word: 'profile',
    mark: 'ok',
    text: `${warehouse.title}: ${bound.describe()}`,
    facts: [
      ...(target.via === 'none'
        ? ['no credential']
        : [
            `dbt gets ${CARRIED[acceptance.kind]}: ${trades}`,
            `while dbt 1.x runs: ${MEANWHILE[acceptance.keepAlive.by][0]}`,
          ]),
      ...(bound.hosts().length === 0 ? [] : [`dbt connects to ${bound.hosts().join(', ')}`]),
    ],
  }
}
