import { isLiteral } from '../../pattern.ts'
import type { Check, Decision } from '../../policy.ts'
import { quoted, visible } from '../../policy/visible.ts'
import { scalar } from './scalar.ts'
import { counted } from './words.ts'

/** A condition of a grant that a block made of this run cannot name, since the run says nothing of the claim. */
export interface GivenUp {
  readonly claim: string
  readonly expected: readonly string[]
  /** The name of the first grant that asks for it. */
  readonly grant: string
}

/** What the grants that could decide ask for and the run has not, each claim once: whoever pastes the block gives it up. */
export function givenUp(decision: Decision): readonly GivenUp[] {
  const found = new Map<string, GivenUp>()
  for (const { grant, checks } of counted(decision)) {
    for (const check of checks) {
      if (found.has(check.claim) || !isAbsent(check)) continue
      found.set(check.claim, { claim: check.claim, expected: check.expected, grant: grant.name })
    }
  }
  return [...found.values()]
}

/** What an input of the step demands as well is not the grant's to give up. */
function isAbsent({ ok, actual, rule, source }: Check): boolean {
  return !ok && !actual && rule === undefined && source === undefined
}

/** What the job itself has to say so that a grant holds as it stands; undefined where that would not do. */
export function ownMend(decision: Decision): string | undefined {
  for (const { grant, checks } of counted(decision)) {
    const wrong = checks.filter(({ ok }) => !ok)
    const [first] = wrong
    if (wrong.some(({ claim, actual }) => claim !== 'environment' || actual)) continue
    const name = first?.expected.find(isLiteral)
    if (name === undefined) continue
    return `The job names no environment: give the job \`environment: ${scalar(name)}\`, and ${quoted(grant.name)} grants the run as it stands.`
  }
  return undefined
}

/** The claims that are given up, and whose they are, as the end of a sentence; empty where there is none. */
export function price(lost: readonly GivenUp[]): string {
  const [first] = lost
  if (!first) return ''
  const claims = lost.map(({ claim }) => `\`${visible(claim)}\``).join(', ')
  const grants = [...new Set(lost.map(({ grant }) => grant))]
  const whose = grants.length === 1 ? `${quoted(first.grant)} asks for` : 'the grants ask for'
  return `, but would give up what ${whose} (${claims}), here and in the trust`
}
