import type { Claims } from '../../src/claims.ts'
import { auditLine, runRecord, tokenRecord, type RunEnd, type TokenUse } from '../../src/report/audit.ts'
import { access, claims, decision, denied, nodes, result } from './report.ts'

/** A job whose audit log is wanted; whatever is not named is as in the report of the other tests. */
export interface LoggedJob {
  readonly at: string
  readonly claims?: Readonly<Record<string, string>>
  readonly target?: string
  /** What became of each token after that of the decision. */
  readonly trades?: readonly TokenUse['outcome'][]
  readonly denied?: boolean
  readonly result?: RunEnd['result']
}

let tokens = 0
const digest = (): string => (tokens++).toString(16).padStart(64, '0')

/** The lines that the action itself writes for such a job. */
export function linesOf({
  at,
  target = 'prod',
  trades = ['exchanged'],
  denied: no = false,
  ...job
}: LoggedJob): readonly string[] {
  const start = Date.parse(at)
  const time = (seconds: number): Date => new Date(start + seconds * 1000)
  const own: Claims = {
    ...claims,
    jti: digest(),
    all: new Map([...claims.all, ...Object.entries(job.claims ?? {})]),
  }
  const verdict = no ? 'denied' : 'granted'
  const common = { decision: verdict, grant: no ? undefined : 'nightly', target } as const
  const use = { ...common, claims: own, sha256: digest() }
  const bought = trades.map((outcome, index) =>
    tokenRecord({
      ...use,
      claims: { ...own, jti: digest(), aud: 'urn:warehouse' },
      sha256: digest(),
      time: time(index + 1),
      use: index === 0 ? 'exchange' : 'keep-alive',
      outcome,
      access: { ...access, target } as NonNullable<TokenUse['access']>,
      trades: 'action',
      expiresAt: time(3600 + index),
      error: outcome === 'refused' ? 'exchange' : undefined,
    }),
  )
  const made = no ? denied : { ...decision, grant: decision.grant && { ...decision.grant, target } }
  const run = runRecord(
    {
      claims: own,
      decision: { ...made, asked: target },
      access: no ? undefined : { ...access, target, expiresAt: time(3600) },
      result: no ? undefined : result(nodes),
    },
    {
      time: time(60),
      result: job.result ?? (no ? 'failure' : 'success'),
      seconds: 60,
      error: no ? 'no-grant' : undefined,
    },
  )
  const first = tokenRecord({ ...use, time: time(0), use: 'decision', outcome: verdict })
  return [first, ...(no ? [] : bought), run].map(auditLine)
}
