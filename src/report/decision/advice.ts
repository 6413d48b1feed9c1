import type { Check, Decision } from '../../policy.ts'
import { quoted } from '../../policy/visible.ts'
import { blockFor, formOf } from './block.ts'
import { givenUp, ownMend, price } from './given-up.ts'
import { counted, remedy } from './words.ts'

/** What to do after a denial. */
export interface Advice {
  readonly sentence: string
  /** YAML to paste; absent where nobody should be let in by a paste. */
  readonly block?: string
}

const IDS: ReadonlySet<string> = new Set(['repository_id', 'repository_owner_id'])

/** What to do after a denial, with the block to paste unless the run is a stranger's. */
export function adviceOn(decision: Decision): Advice {
  const stranger = foreignId(decision)
  // The block would carry the stranger's own ids, and whoever pastes it hands the warehouse over.
  if (stranger) return { sentence: warning(decision, stranger) }
  const lost = givenUp(decision)
  const own = ownMend(decision)
  const paste = remedy(decision, own === undefined ? '' : ' without that', price(lost))
  return {
    // What the job can mend by itself comes first: it leaves every condition of the grant in force.
    sentence: own === undefined ? paste : `${own} ${paste}`,
    block: blockFor(decision.claims, formOf(decision), namedIn(decision), lost),
  }
}

/** The id by which no grant that pins ids knows this repository; undefined where one does, or none pins any. */
function foreignId(decision: Decision): Check | undefined {
  const pinned = counted(decision)
    .map(({ checks }) => checks.filter(({ claim }) => IDS.has(claim)))
    .filter((checks) => checks.length > 0)
  const wrong = pinned.map((checks) => checks.find(({ ok }) => !ok))
  return wrong.includes(undefined) ? undefined : wrong[0]
}

function warning(decision: Decision, { claim, expected, actual }: Check): string {
  const pinned = expected.map(quoted).join(' or ')
  if (actual === undefined)
    return `The token has no \`${claim}\`, and the rules pin ${pinned}: whether this is the same repository cannot be told, so it is granted nothing.`
  const sameName = counted(decision).some(({ checks }) =>
    checks.some((check) => check.claim === 'repository' && check.ok && check.rule !== 'renamed'),
  )
  const who = sameName
    ? claim === 'repository_id'
      ? 'This is another repository of the same name'
      : 'This is a repository of the same name under another owner'
    : 'This is another repository'
  return `${who}: its \`${claim}\` is ${quoted(actual)}, and the rules pin ${pinned}. It must not be let in by a paste; if the repository was created anew or transferred on purpose, change the pinned id by hand, in the rules and in the trust.`
}

/** Every claim that a grant which was looked at asks for. */
function namedIn({ verdicts }: Decision): readonly string[] {
  return [...new Set(verdicts.flatMap(({ grant }) => [...grant.when.keys()]))]
}
